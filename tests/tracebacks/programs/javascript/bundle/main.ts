import { shelf } from './typed';

const count: number = shelf;
console.log(count);
