const Fastify = require('fastify');
const { createKeyturn, KeyturnError } = require('keyturn');
const { createBlobStore } = require('keyturn/blobs');
const plugin = require('keyturn/fastify').default;
const { memoryStore } = require('keyturn/stores/memory');
const web = require('keyturn/web').default;
const prove = require('../prove/prove.cjs');

test('Jest in CommonJS', async () => {
  const parts = { createKeyturn, KeyturnError, Fastify, plugin, createBlobStore, memoryStore, web };
  expect(await prove(parts)).toBe('proved');
});

test('tests are recognised, and leave nothing behind', async () => {
  const keyturn = await createKeyturn({ logger: { debug() {}, info() {}, warn() {}, error() {} } });
  expect(keyturn.profile).toBe('test');
  await keyturn.close();
});
