import Fastify from 'fastify';
import { createKeyturn } from 'keyturn';
import keyturnFastify from 'keyturn/fastify';

export { Pool } from 'pg';
export { createClient } from 'redis';
export { keyturnFastify };
export const app = Fastify();
export const keyturn = await createKeyturn();
export declare const client: import('redis').RedisClientType;
export declare const MongoStore: { create(options: object): import('express-session').Store };
