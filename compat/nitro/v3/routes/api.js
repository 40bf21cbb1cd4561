import { createKeyturn, KeyturnError } from 'keyturn';
import { createBlobStore } from 'keyturn/blobs';
import { memoryStore } from 'keyturn/stores/memory';
import web from 'keyturn/web';
import { defineHandler } from 'nitro/h3';
import prove from '../../prove/prove.cjs';

export default defineHandler(async () => ({
  said: await prove({ createKeyturn, KeyturnError, createBlobStore, memoryStore, web }, true),
}));
