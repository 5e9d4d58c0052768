const { report } = require('./prices');

function handle(order) {
  try {
    return report(order);
  } catch (error) {
    console.error('order failed', error);
    console.error(error);
    return null;
  }
}

for (const order of [{ total: 3 }, null]) {
  handle(order);
}
console.log('closing');
