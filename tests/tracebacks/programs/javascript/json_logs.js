const pino = require('pino');
const winston = require('winston');

const { report } = require('./prices');

const log = pino({ base: { app: 'shop' } });
const other = winston.createLogger({
  format: winston.format.combine(winston.format.errors({ stack: true }), winston.format.json()),
  transports: [new winston.transports.Console()],
});

log.info('open');
try {
  report(undefined);
} catch (error) {
  log.error(error, 'cart failed');
  other.error(error);
}
log.warn({ err: new Error('slow shelf') }, 'retrying');
other.info('closed');
