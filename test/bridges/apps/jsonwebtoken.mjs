// An app whose tokens are of jsonwebtoken.
import { tokenApp } from './jwt.mjs';

export const app = async (load) => await tokenApp(load, 'jsonwebtoken');
