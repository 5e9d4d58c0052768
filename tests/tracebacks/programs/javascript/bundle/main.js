import { shelf } from './shelf';
import missing from './missing';
import left from 'left-padding';

console.log(shelf, missing, left);
