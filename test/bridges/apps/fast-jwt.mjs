// An app whose tokens are of fast-jwt.
import { tokenApp } from './jwt.mjs';

export const app = async (load) => await tokenApp(load, 'fast-jwt');
