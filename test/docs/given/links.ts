import Fastify from 'fastify';
import { createKeyturn } from 'keyturn';

export const kt = await createKeyturn();
export const app = Fastify();
export const user = { id: '42' };
export const session = { userId: '42' };
