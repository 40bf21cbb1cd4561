import Fastify from 'fastify';
import { createKeyturn } from 'keyturn';

export { blobRoutes } from 'keyturn/fastify';
export const app = Fastify();
export const keyturn = await createKeyturn();
export const bytes = new Uint8Array(8);
