const { setTimeout: sleep } = require('timers/promises');

async function fetchOrder(id) {
  await sleep(5);
  if (id > 1) {
    throw new Error(`Order ${id} not found\n  asked by: the counter`);
  }
  return { id };
}

async function loadAll(ids) {
  for (const id of ids) {
    await fetchOrder(id);
  }
}

const orders = {
  async open() {
    await loadAll([1, 2]);
  },
};

orders.open();
