import { total, sum } from './parse';

interface Shelf { name: string; items: { id: number; label: string }[] }

const shelf: Shelf = { name: 'fruit', items: [{ id: '1', label: 'apple' }] };
const price: number = total(shelf);
console.log(price, unknownName);

function fill(put: (shelf: Shelf) => void): void { put(shelf); }
fill((a: { name: number }) => console.log(a));
