import { close } from './src/doors.mjs';

close();
