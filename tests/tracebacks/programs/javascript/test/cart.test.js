const { Cart, report } = require('../prices');

describe('a cart', () => {
  test('adds up', () => {
    expect(new Cart([{ price: { amount: 2 }, count: 3 }]).total).toBe(7);
  });

  describe('without prices', () => {
    it('is reported', () => {
      expect(report(new Cart([{ count: 3 }]))).toMatch('Total');
    });
  });

  test('is empty at first', () => {
    expect(new Cart([]).total).toBe(0);
  });

  test('compares', async () => {
    await Promise.resolve();
    expect({ a: 1, b: [1, 2] }).toEqual({ a: 1, b: [1, 3] });
  });
});
