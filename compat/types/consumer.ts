// An app in strict TypeScript with every entry point.
import Fastify from 'fastify';
import { createKeyturn, type Keyturn, KeyturnError, type SessionStore } from 'keyturn';
import { type BlobStore, createBlobStore } from 'keyturn/blobs';
import keyturn, { blobRoutes } from 'keyturn/fastify';
import { createJwt } from 'keyturn/jwt';
import { openRotation } from 'keyturn/rotation';
import { memoryStore } from 'keyturn/stores/memory';
import { postgresStore } from 'keyturn/stores/postgres';
import { redisStore } from 'keyturn/stores/redis';
import { sealedStore } from 'keyturn/stores/sealed';
import { sessionStoreContract } from 'keyturn/testing';

declare module 'keyturn' {
  interface SessionData {
    user: string;
  }
}

export async function start(kt: Keyturn): Promise<void> {
  const reset = kt.signer<{ userId: number }>('password-reset', { maxAge: '3h' });
  const result = reset.verify(reset.sign({ userId: 42 }));
  if (result.ok) result.payload.userId.toFixed();
  else result.reason.toUpperCase();
  const store: SessionStore = memoryStore();
  const blobs: BlobStore = await createBlobStore(kt, { folder: 'blobs' });
  const app = Fastify();
  await app.register(keyturn, { keyturn: kt, store });
  await app.register(blobRoutes, { store: blobs });
  app.get('/', (request, reply) => {
    request.session.regenerate();
    request.session.user = 'ada';
    request.flash('info', 'Saved');
    // @ts-expect-error: a user is a text
    request.session.user = 1;
    return reply.send(reply.csrfToken());
  });
  createJwt(kt, { issuer: 'https://a.example', audience: 'api' }).sign({ sub: 'ada' });
  const rotation = await openRotation();
  // @ts-expect-error: no rotation has that
  rotation.turnAround();
  await createKeyturn({ profile: 'prod' }).catch((error: unknown) => {
    if (error instanceof KeyturnError) error.hint.toUpperCase();
  });
}

export const parts = [postgresStore, redisStore, sealedStore, sessionStoreContract] as const;
