import { it } from 'vitest';
import { lost } from '../src/lost';

it('never runs', () => lost());
