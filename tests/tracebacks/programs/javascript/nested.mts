async function pay(cents: number): Promise<number> {
  if (cents < 0) throw new RangeError('cents must not be negative');
  return cents;
}
const paid = await pay(-5);
console.log(paid);
