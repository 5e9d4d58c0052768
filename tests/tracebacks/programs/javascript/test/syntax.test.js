const shop = require('../src/broken');

test('opens', () => {
  expect(shop.open()).toBe(true);
});
