import { expect, it } from 'vitest';

it('leaves something behind', () => {
  setTimeout(() => { throw new RangeError('too late'); }, 1);
  return new Promise((resolve) => setTimeout(resolve, 20)).then(() => expect(1).toBe(1));
});
