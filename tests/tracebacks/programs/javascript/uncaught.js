const { Cart, report } = require('./prices');

function main() {
  console.log('Shop is open');
  console.log(report(new Cart([{ price: { amount: 2 }, count: 1 }, { count: 3 }])));
}

main();
