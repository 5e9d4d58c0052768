const fs = require('fs');

function readSettings(name) {
  return JSON.parse(fs.readFileSync(name, 'utf8'));
}

readSettings('missing/settings.json');
