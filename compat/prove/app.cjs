// The same in CommonJS.
const Fastify = require('fastify');
const { createKeyturn, KeyturnError } = require('keyturn');
const { createBlobStore } = require('keyturn/blobs');
const plugin = require('keyturn/fastify');
const { createJwt } = require('keyturn/jwt');
const { openRotation } = require('keyturn/rotation');
const { memoryStore } = require('keyturn/stores/memory');
const web = require('keyturn/web').default;
const { postgresStore } = require('keyturn/stores/postgres');
const { redisStore } = require('keyturn/stores/redis');
const { sealedStore } = require('keyturn/stores/sealed');
const prove = require('./prove.cjs');

const peers = process.argv.includes('peers');
for (const part of [createJwt, openRotation, postgresStore, redisStore, sealedStore])
  if (typeof part !== 'function') throw new Error('an entry point has nothing in it');

prove({ createKeyturn, KeyturnError, Fastify, plugin, createBlobStore, memoryStore, web }, peers).then(
  (said) => console.log(said),
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
