class OutOfStock extends Error {
  constructor(item) {
    super(`No ${item} left`);
    this.name = 'OutOfStock';
    this.item = item;
  }
}

async function take(item) {
  throw new OutOfStock(item);
}

async function main() {
  await Promise.any([take('apples'), take('pears')]);
}

main();
