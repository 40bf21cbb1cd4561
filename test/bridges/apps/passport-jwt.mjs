// An app whose tokens are of passport-jwt.
import { tokenApp } from './jwt.mjs';

export const app = async (load) => await tokenApp(load, 'passport-jwt');
