import Fastify from 'fastify';
import { createClient } from 'redis';

export const app = Fastify();
export const client = createClient({ url: process.env.REDIS_URL });
await client.connect();
export const userId = '42';
