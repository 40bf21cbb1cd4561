// Revoking in an engine: nothing that replicas say, or fail to say, stands in its way, and what they said is kept.
import { Pool } from 'pg';
import { createClient } from 'redis';
import { describe, expect, vi } from 'vitest';
import { type EngineClients, Engines } from '../../src/engines/engines.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { resolve } from '../../src/resolve/resolve.js';
import { Rotation } from '../../src/rotation/rotation.js';
import { kidOf, OLDEST, STRONG } from '../support/machine.js';
import {
  type EngineName,
  firstRing,
  inPlace,
  machineOf,
  operate,
  type SharedPlace,
  storeOf,
} from '../support/shared-ring.js';

const ENGINES: readonly EngineName[] = ['redis', 'postgres'];
const [KID, OLD] = [kidOf(STRONG), kidOf(OLDEST)];

function reportOf(ring: Keyring, changes: Partial<ReplicaReport> = {}): ReplicaReport {
  return {
    instance: 'web-2-17-abcd',
    host: 'web-2',
    pid: 17,
    at: Date.now(),
    profile: 'prod',
    source: 'A_VARIABLE',
    ring: ring.id,
    generation: ring.generation,
    mark: ring.mark,
    fingerprint: ring.fingerprint,
    verifies: ring.live.map(({ id }) => id),
    signs: ring.active.id,
    loadedAt: Date.now(),
    uses: [],
    lifetimes: {},
    maxLag: 1,
    lease: 600,
    degraded: undefined,
    ...changes,
  };
}

/** Clients of the app over which everything works but what is about reports, which is never answered. */
async function hangingClients(place: SharedPlace): Promise<{ clients: EngineClients; end: () => unknown }> {
  const never = () => new Promise<never>(() => {});
  const { KEYTURN_SECURITY__KEYRING__POSTGRES__URL: pg, KEYTURN_SECURITY__KEYRING__REDIS__URL: redis = '' } =
    place.env();
  if (place.engine === 'postgres') {
    const pool = new Pool({ connectionString: pg });
    const query = (text: string, values?: unknown[]) =>
      /keyturn_(replicas|ended)/.test(text) ? never() : pool.query(text, values);
    return { clients: { postgres: { query } }, end: () => pool.end() };
  }
  const client = await createClient({ url: redis }).connect();
  const sendCommand = (args: string[]) =>
    args.some((part) => /:(reports|ended)$/.test(part)) ? never() : client.sendCommand(args);
  return {
    clients: { redis: { get: (key: string) => client.get(key), sendCommand } },
    end: () => client.destroy(),
  };
}

// Most of the time they wait, so they do it together.
vi.setConfig({ maxConcurrency: 4 });

describe.concurrent.each(ENGINES)('%s:', (engine) => {
  const test = inPlace(engine);

  test('is done while the engine does not answer what is asked about replicas', async ({ place }) => {
    await storeOf(place).create(firstRing(STRONG));
    const { clients, end } = await hangingClients(place);
    const machine = machineOf(place);
    const { settings } = await resolve({ machine, create: false });
    const rotation = await Rotation.open({ machine, engines: new Engines(settings, clients) });
    // Any other step is refused, in the end.
    await expect(rotation.stage()).rejects.toMatchObject({ code: 'engine_unavailable' });
    const { ring } = await rotation.revoke(KID, { why: 'leaked' });
    expect(ring.get(KID)?.state).toBe('revoked');
    expect((await storeOf(place).read()).get(KID)?.state).toBe('revoked');
    await end();
  });

  test('of the key that vouched for what replicas said of others: that is kept', async ({ place }) => {
    const [active] = firstRing(STRONG).keys as [Key];
    const dates = { active: Date.now() - 7_200_000, retiring: Date.now() - 3_600_000 };
    const retiring = new Key(new Material(OLDEST), 'retiring', { dates });
    const store = storeOf(place);
    await store.create(new Keyring([active, retiring], { id: 'ring-of-tests', generation: 1 }));
    const ring = await store.read();
    const signedAt = Date.now() - 60_000;
    const use = { kid: OLD, purpose: 'session', verified: 0, verifiedAt: 0, signed: 1, signedAt };
    await store.fleet.write(reportOf(ring, { uses: [use] }), ring);
    // Somebody without the key tells of a moment in the future, and is not believed.
    const forged = reportOf(ring, {
      instance: 'web-3-1-abcd',
      uses: [{ ...use, signedAt: Date.now() + 60_000 }],
    });
    await store.fleet.write(forged, firstRing('somebody-elses-secret-of-32-bytes-or-more'));
    await operate(place, (rotation) => rotation.revoke(KID, { why: 'leaked' }));
    const after = await store.read();
    // The report counts no more: the key that vouched for it is gone.
    expect((await store.fleet.read(after, false)).filter(({ authentic }) => authentic)).toEqual([]);
    expect((await store.fleet.ended(after))[OLD]).toBe(signedAt);
  });
});
