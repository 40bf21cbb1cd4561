// An app whose tokens are of hono/jwt.
import { tokenApp } from './jwt.mjs';

export const app = async (load) => await tokenApp(load, 'hono');
