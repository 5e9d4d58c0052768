const assert = require('node:assert');
const { describe, it, test } = require('node:test');

const { Cart, report } = require('../prices');

test('adds up', () => {
  assert.strictEqual(new Cart([{ price: { amount: 2 }, count: 3 }]).total, 7);
});

describe('without prices', () => {
  it('is reported', () => {
    report(new Cart([{ count: 1 }]));
  });
  it('is empty at first', () => {});
});
