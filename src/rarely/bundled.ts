// For bundlers, and whatever cannot require a module: it is there from the beginning.
import * as all from './all.js';

export type Rarely = typeof all;

export const rarely = (): Rarely => all;
