// Adds up a cart, and fails where a line has no price.
class Cart {
  constructor(lines) {
    this.lines = lines;
    if (!Array.isArray(lines)) {
      throw new RangeError('a cart needs a list of lines');
    }
  }

  get total() {
    return this.lines.map((line) => line.price.amount * line.count).reduce((a, b) => a + b, 0);
  }
}

function report(cart) {
  return `Total: ${cart.total}`;
}

module.exports = { Cart, report };
