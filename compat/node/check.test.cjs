const assert = require('node:assert/strict');
const test = require('node:test');
const Fastify = require('fastify');
const { createKeyturn, KeyturnError } = require('keyturn');
const plugin = require('keyturn/fastify');
const { memoryStore } = require('keyturn/stores/memory');
const web = require('keyturn/web').default;
const prove = require('./prove/prove.cjs');

test('node --test, by require', async () => {
  assert.equal(await prove({ createKeyturn, KeyturnError, Fastify, plugin, memoryStore, web }), 'proved');
});

test('import and require give one copy', async () => {
  assert.equal((await import('keyturn')).createKeyturn, createKeyturn);
});
