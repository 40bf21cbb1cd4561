import Fastify from 'fastify';
import { createKeyturn, KeyturnError } from 'keyturn';
import { createBlobStore } from 'keyturn/blobs';
import plugin from 'keyturn/fastify';
import { memoryStore } from 'keyturn/stores/memory';
import web from 'keyturn/web';
import prove from '../prove/prove.cjs';

test('Jest in ESM', async () => {
  const parts = { createKeyturn, KeyturnError, Fastify, plugin, createBlobStore, memoryStore, web };
  expect(await prove(parts)).toBe('proved');
});
