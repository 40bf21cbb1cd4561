// More reports than anybody can read at once: of processes that have vanished, or made up by whoever can write there.
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reportText } from '../../src/fleet/authentic.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { SharedFleet } from '../../src/keyring-stores/shared-fleet.js';
import { PAGE, type ReportPage, type RingTable } from '../../src/keyring-stores/table.js';
import { reportsIn } from '../support/heard.js';
import { kidOf, STRONG } from '../support/machine.js';
import {
  closePlace,
  type EngineName,
  firstRing,
  openPlace,
  operate,
  type SharedPlace,
  startReplica,
  storeOf,
} from '../support/shared-ring.js';

const ENGINES: readonly EngineName[] = ['redis', 'postgres'];
const MANY = 50_000;
/** Minutes, for a machine that does much else. */
const PATIENCE = { timeout: 240_000 };
/** Seconds. */
const LEASE = 900;
const KID = kidOf(STRONG);
const RING = firstRing(STRONG);

function reportOf(changes: Partial<ReplicaReport> = {}): ReplicaReport {
  return {
    instance: 'web-2-17-abcd',
    host: 'web-2',
    pid: 17,
    at: Date.now(),
    profile: 'prod',
    source: 'A_VARIABLE',
    ring: RING.id,
    generation: 1,
    mark: RING.mark,
    fingerprint: RING.fingerprint,
    verifies: [KID],
    signs: KID,
    loadedAt: Date.now(),
    uses: [{ kid: KID, purpose: 'session', verified: 1, verifiedAt: 1, signed: 1, signedAt: 1 }],
    lifetimes: { session: 60 },
    maxLag: 1,
    lease: LEASE,
    degraded: undefined,
    ...changes,
  };
}

/** What costs a reader most: all but the HMAC is as it should be. The name of the process goes in the place of "@". */
const FORGED = reportText(reportOf({ instance: '@', source: 's'.repeat(300) }), RING).replace(
  /"mac":"./,
  '"mac":"_',
);

/** Puts very many reports there, behind the back of the table. @param age of each, in milliseconds */
async function flood(place: SharedPlace, text: string, age: number): Promise<void> {
  const env = place.env();
  if (place.engine === 'redis') {
    const client = new Redis(env.KEYTURN_SECURITY__KEYRING__REDIS__URL as string);
    const script = `for n = 1, ${MANY} do local name = 'forged-' .. n
      redis.call('HSET', KEYS[1], name, ARGV[1] .. ' ${LEASE * 1000} ' .. string.gsub(ARGV[2], '@', name)) end`;
    const key = `${env.KEYTURN_SESSION__REDIS__PREFIX}{ring:default}:reports`;
    await client.eval(script, 1, key, String(Date.now() - age), text);
    client.disconnect();
    return;
  }
  const pool = new Pool({ connectionString: env.KEYTURN_SECURITY__KEYRING__POSTGRES__URL as string });
  await pool.query(
    `INSERT INTO keyturn_replicas (ring, instance, text, reported_at, lease)
     SELECT $1, 'forged-' || n, replace($2, '@', 'forged-' || n), now() - $3 * interval '1 ms', ${LEASE * 1000}
     FROM generate_series(1, ${MANY}) AS n`,
    [env.KEYTURN_SECURITY__KEYRING__NAME, text, age],
  );
  await pool.end();
}

/** A table that tells how much it was asked for at once. */
function counting(table: RingTable) {
  const asked = { pages: 0, most: 0, bytes: 0 };
  const counted = new Proxy(table, {
    get: (of, name) => {
      const value = Reflect.get(of, name, of);
      if (typeof value !== 'function') return value;
      if (name !== 'reports') return value.bind(of);
      return async (from?: string): Promise<ReportPage> => {
        const page = await of.reports(from);
        asked.pages += 1;
        asked.most = Math.max(asked.most, page.reports.length);
        asked.bytes = Math.max(
          asked.bytes,
          page.reports.reduce((sum, { text }) => sum + text.length, 0),
        );
        return page;
      };
    },
  });
  return { asked, table: counted };
}

describe.each(ENGINES)('%s: 50,000 reports', (engine) => {
  let place: SharedPlace;

  beforeEach(async () => {
    place = await openPlace(engine);
    await storeOf(place).create(RING);
    await place.table.prepare();
  });
  afterEach(() => closePlace(place));

  test('that are over are read in pages, and each reader clears many away', PATIENCE, async () => {
    await flood(place, FORGED, 3_600_000);
    const { asked, table } = counting(place.table);
    const fleet = new SharedFleet(table, LEASE, Date.now);
    await fleet.write(reportOf(), RING);
    for (let reader = 0; reader < 2; reader++)
      expect(await fleet.read(RING, true)).toMatchObject([{ instance: 'web-2-17-abcd', authentic: true }]);
    expect((await reportsIn(place.table)).length).toBe(MANY - 2 * 10_000 + 1);
    expect(asked.most).toBeLessThan(2 * PAGE);
    expect(asked.bytes).toBeLessThan(1024 * 1024);
    // Nobody was believed.
    expect({ ...(await fleet.ended(RING)) }).toEqual({});
  });

  test(
    'that nobody vouches for hide none that a key of the ring does, and stop neither a start nor a step',
    PATIENCE,
    async () => {
      // As far ahead as this takes: they count for a lease.
      await flood(place, FORGED, -600_000);
      const fleet = new SharedFleet(place.table, LEASE, Date.now);
      for (const instance of ['a-first', 'forged-1-and-genuine', 'z-last'])
        await fleet.write(reportOf({ instance }), RING);
      const heard = await fleet.read(RING, true);
      expect(heard.filter(({ authentic }) => authentic)).toHaveLength(3);
      expect(heard.filter(({ authentic }) => !authentic)).toHaveLength(1000);
      // With only as much patience as there is: a start, a look, and the step that nothing stops.
      const { accepts, sign } = await startReplica(place);
      expect(accepts(sign())).toBe(true);
      await operate(place, async (rotation) => {
        expect((await rotation.status()).replicas.length).toBeGreaterThanOrEqual(4);
        expect((await rotation.revoke(KID, { why: 'a test' })).ring.get(KID)?.state).toBe('revoked');
      });
    },
  );
});
