// An app whose tokens are of express-jwt.
import { tokenApp } from './jwt.mjs';

export const app = async (load) => await tokenApp(load, 'express-jwt');
