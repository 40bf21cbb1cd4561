// An app with every entry point, as a bundler gets it. With the argument `peers` it expects optional packages.
import Fastify from 'fastify';
import { createKeyturn, KeyturnError } from 'keyturn';
import { createBlobStore } from 'keyturn/blobs';
import plugin from 'keyturn/fastify';
import { createJwt } from 'keyturn/jwt';
import { openRotation } from 'keyturn/rotation';
import { memoryStore } from 'keyturn/stores/memory';
import { postgresStore } from 'keyturn/stores/postgres';
import { redisStore } from 'keyturn/stores/redis';
import { sealedStore } from 'keyturn/stores/sealed';
import web from 'keyturn/web';
import prove from './prove.cjs';

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
