// An app whose tokens are of jose.
import { tokenApp } from './jwt.mjs';

export const app = async (load) => await tokenApp(load, 'jose');
