import { createRequire } from 'node:module';
import Fastify from 'fastify';
import { createKeyturn, KeyturnError } from 'keyturn';
import plugin from 'keyturn/fastify';
import { memoryStore } from 'keyturn/stores/memory';
import web from 'keyturn/web';

const prove = createRequire(`${process.cwd()}/`)('./prove/prove.cjs');

export default () => prove({ createKeyturn, KeyturnError, Fastify, plugin, memoryStore, web });
