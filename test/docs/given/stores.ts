import Fastify from 'fastify';
import { createClient } from 'redis';

export const app = Fastify();
export const client = createClient({ url: 'redis://redis:6379' });
await client.connect();
export const userId = '42';
