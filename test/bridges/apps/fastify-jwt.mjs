// An app whose tokens are of @fastify/jwt.
import { tokenApp } from './jwt.mjs';

export const app = async (load) => await tokenApp(load, '@fastify/jwt');
