import fastifyCookie from '@fastify/cookie';
import Fastify from 'fastify';
import { createKeyturn } from 'keyturn';
import { memoryStore } from 'keyturn/stores/memory';

export const kt = await createKeyturn();
export const app = Fastify();
await app.register(fastifyCookie);
export const store = memoryStore();
export const user = { id: '42' };
export const users = { check: async (_name: unknown, _password: unknown) => user as typeof user | undefined };
