const assert = require('assert');

const { Cart, report } = require('../prices');

describe('cart', function () {
  it('adds up', function () {
    assert.strictEqual(new Cart([{ price: { amount: 2 }, count: 3 }]).total, 7);
  });

  describe('without prices', function () {
    it('is reported', function () {
      report(new Cart([{ count: 1 }]));
    });
  });

  it('waits for nothing', function (done) {
    this.timeout(30);
  });

  it('compares', function () {
    assert.deepStrictEqual({ a: 1 }, { a: 2 });
  });

  it('is empty at first', function () {});
});

describe('hooks', function () {
  before('open the shop', function () {
    throw new Error('the door is stuck');
  });
  it('is open', function () {});
});
