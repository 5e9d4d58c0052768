const { EventEmitter } = require('events');

const till = new EventEmitter();

function jam() {
  till.emit('error', new Error('paper jam'));
}

setImmediate(jam);
