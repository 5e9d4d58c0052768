const shop = require('../src/no-such-file');

test('opens', () => {
  expect(shop.open()).toBe(true);
});
