import { opne } from './names2.js';

opne();
