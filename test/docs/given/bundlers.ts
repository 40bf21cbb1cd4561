import { createRequire } from 'node:module';
import Fastify from 'fastify';

export const require = createRequire(import.meta.url);
export const app = Fastify();
