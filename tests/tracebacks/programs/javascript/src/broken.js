function open() {
  const items = [1, 2;
  return items;
}
module.exports = { open };
