import Fastify from 'fastify';
import keyturn from 'keyturn/fastify';
import type { HttpContractDriver } from 'keyturn/testing';

export { test } from 'node:test';
export const app = Fastify();
await app.register(keyturn);
export declare const driver: HttpContractDriver;
