export { default as Fastify } from 'fastify';
export { default as keyturn } from 'keyturn/fastify';
