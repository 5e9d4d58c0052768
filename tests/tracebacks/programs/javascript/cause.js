const fs = require('fs');

function load(name) {
  try {
    return fs.readFileSync(name, 'utf8');
  } catch (error) {
    throw new Error(`Cannot load the catalogue ${name}`, { cause: error });
  }
}

async function start() {
  try {
    load('catalogue.csv');
  } catch (error) {
    throw new TypeError('The shop did not start', { cause: error });
  }
}

start();
