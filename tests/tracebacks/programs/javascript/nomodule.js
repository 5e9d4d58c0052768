function main() {
  const money = require('./src/money');
  return money;
}

main();
