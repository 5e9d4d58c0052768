import { describe, expect, it } from 'vitest';
import { total } from '../src/total';

describe('total', () => {
  it('adds up', () => {
    expect(total([{ price: 1, count: 3 }])).toBe(4);
  });

  it('fails without a price', () => {
    expect(total([{ count: 3 }])).toBe(0);
  });

  it('compares', () => {
    expect({ a: 1, b: 'x' }).toEqual({ a: 1, b: 'y' });
  });
});
