import assert from 'node:assert/strict';
import test from 'node:test';
import Fastify from 'fastify';
import { createKeyturn, KeyturnError } from 'keyturn';
import { createBlobStore } from 'keyturn/blobs';
import plugin from 'keyturn/fastify';
import { memoryStore } from 'keyturn/stores/memory';
import web from 'keyturn/web';
import prove from './prove/prove.cjs';

test('node --test, by import', async () => {
  const parts = { createKeyturn, KeyturnError, Fastify, plugin, createBlobStore, memoryStore, web };
  assert.equal(await prove(parts), 'proved');
});

test('tests are recognised, and leave nothing behind', async () => {
  const { KEYTURN_ENV, NODE_ENV, ...env } = process.env;
  const keyturn = await createKeyturn({ env, logger: { debug() {}, info() {}, warn() {}, error() {} } });
  assert.equal(keyturn.profile, 'test');
  await keyturn.close();
});
