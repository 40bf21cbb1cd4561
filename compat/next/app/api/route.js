import { createKeyturn, KeyturnError } from 'keyturn';
import { createBlobStore } from 'keyturn/blobs';
import { memoryStore } from 'keyturn/stores/memory';
import { postgresStore } from 'keyturn/stores/postgres';
import { redisStore } from 'keyturn/stores/redis';
import prove from '../../prove/prove.cjs';

export const dynamic = 'force-dynamic';

export async function GET() {
  const stores = [redisStore, postgresStore].every((store) => typeof store === 'function');
  const said = stores && (await prove({ createKeyturn, KeyturnError, createBlobStore, memoryStore }));
  return Response.json({ said });
}
