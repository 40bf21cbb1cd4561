import Fastify from 'fastify';
import keyturn from 'keyturn/fastify';

export const app = Fastify();
await app.register(keyturn);
