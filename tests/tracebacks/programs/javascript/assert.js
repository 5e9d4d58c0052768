const assert = require('assert');

function check(total) {
  assert.strictEqual(total, 12, 'the total is wrong');
}

function checkAll() {
  try {
    assert.deepStrictEqual({ a: 1, b: [1, 2] }, { a: 1, b: [1, 3] });
  } catch (error) {
    console.error(error);
  }
  check(11);
}

checkAll();
