// What commands are run in to be looked at: a ring, or none, and what replicas report of it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileFleet } from '../../src/fleet/file-fleet.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { parseDocument } from '../../src/keyring/document.js';
import { writeReport } from '../support/file-reports.js';
import { reportOf } from '../support/heard.js';
import { COMING, FILE, kidOf, NEXT, OLDER, OLDEST, PREVIOUS, SECRET, STRONG } from '../support/machine.js';
import { DEV, newFolder, RING, ringFolder, run, type WrittenKey } from './ring.js';

export interface Scene {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

const [K, NEW, OLD] = [kidOf(STRONG), kidOf(COMING), kidOf(OLDER)];
const MINUTE = 60_000;
const ROTATING: readonly WrittenKey[] = [
  { secret: COMING, state: 'staged', daysAgo: 0 },
  { secret: STRONG, state: 'active', daysAgo: 80 },
  { secret: OLDER, state: 'retiring', daysAgo: 3 },
];

/** What a replica reports that has the ring in a folder, but for what a scene is about. */
async function report(cwd: string, instance: string, changes: Partial<ReplicaReport> = {}): Promise<void> {
  const path = join(cwd, RING);
  const ring = parseDocument(readFileSync(path, 'utf8'), path);
  const now = Date.now();
  const uses = ring.keys.flatMap(({ id, state }) =>
    state === 'staged'
      ? []
      : [
          {
            kid: id,
            purpose: 'session',
            verified: state === 'active' ? 1204 : 31,
            verifiedAt: now - (state === 'active' ? 500 : 4 * MINUTE),
            signed: state === 'active' ? 7 : 0,
            signedAt: state === 'active' ? now - 500 : 0,
          },
        ],
  );
  const fine = {
    instance,
    ring: ring.id,
    generation: ring.generation,
    fingerprint: ring.fingerprint,
    mark: ring.mark,
    verifies: ring.live.map(({ id }) => id),
    signs: ring.active.id,
    loadedAt: now - 3 * MINUTE,
    lifetimes: { session: 604_800 },
    uses,
  };
  await writeReport(path, reportOf({ ...fine, ...changes }), ring);
}

/** What replicas have counted together within the last minutes. */
async function counted(cwd: string, many: Readonly<Record<string, number>>): Promise<void> {
  const start = Math.floor(Date.now() / 5000) * 5000 - 10_000;
  const counts = Object.entries(many).map(([kid, verified]) => ({
    start,
    kid,
    purpose: 'session',
    verified,
  }));
  await new FileFleet(join(cwd, RING), 900, Date.now).count('quarter-hour', counts);
}

async function rotating(): Promise<string> {
  return await ringFolder(...ROTATING);
}

/** The same, by a step that some replicas have not heard of. */
async function rotatingFor(late: readonly string[], changes: Partial<ReplicaReport> = {}): Promise<string> {
  const cwd = await ringFolder(...ROTATING.slice(1));
  for (const instance of late) await report(cwd, instance, changes);
  await run(cwd, 'stage');
  return cwd;
}

/** By the name under which a picture of it can be found. */
export const SCENES = {
  nothing: async () => ({ cwd: newFolder(), env: DEV }),
  'a development secret': async () => {
    const cwd = newFolder();
    mkdirSync(join(cwd, '.keyturn'), { mode: 0o700 });
    writeFileSync(join(cwd, '.keyturn/secret'), `${STRONG}\n`, { mode: 0o600 });
    return { cwd, env: DEV };
  },
  'an array': async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, 'keys.json'), JSON.stringify([STRONG, OLDER]), { mode: 0o600 });
    return { cwd, env: { ...DEV, [FILE]: 'keys.json' } };
  },
  'a variable': async () => ({ cwd: newFolder(), env: { KEYTURN_ENV: 'prod', [SECRET]: STRONG } }),
  'variables, the first deploy': async () => ({
    cwd: newFolder(),
    env: { KEYTURN_ENV: 'prod', [SECRET]: STRONG, [NEXT]: COMING },
  }),
  'variables, the second deploy': async () => ({
    cwd: newFolder(),
    env: { KEYTURN_ENV: 'prod', [SECRET]: COMING, [PREVIOUS]: STRONG },
  }),
  'a variable over a document': async () => ({
    cwd: await ringFolder({ secret: STRONG, state: 'active' }),
    env: { ...DEV, [SECRET]: OLDER },
  }),
  'a document, calm': async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active', daysAgo: 80 });
    for (const host of ['web-1', 'web-2', 'web-3']) await report(cwd, `${host}-4711-a1b2c3`);
    return { cwd, env: DEV };
  },
  'a rotation, all know the key': async () => {
    const cwd = await rotating();
    const path = join(cwd, 'keyturn.toml');
    const section = '[move_in.express-session]\nsecrets = [{ env = "SESSION_SECRET" }]\n';
    writeFileSync(path, `${readFileSync(path, 'utf8')}${section}`);
    const movingIn = [
      {
        name: 'express-session',
        phase: 'over',
        until: Date.parse('2027-01-31'),
        seen: 3,
        seenAt: Date.now() - 180 * MINUTE,
      },
    ];
    for (const host of ['web-1', 'web-2', 'web-3']) await report(cwd, `${host}-4711-a1b2c3`, { movingIn });
    await counted(cwd, { [K]: 3612, [OLD]: 93 });
    return { cwd, env: DEV };
  },
  'a rotation, one late and one silent': async () => {
    const cwd = await rotatingFor(['web-2-4712-d4e5f6']);
    await report(cwd, 'web-1-4711-a1b2c3');
    await report(cwd, 'web-3-4713-0a1b2c', { at: Date.now() - MINUTE });
    await counted(cwd, { [K]: 2417, [OLD]: 388 });
    return { cwd, env: { ...DEV, KEYTURN_SECURITY__KEYRING__LEASE: '15min' } };
  },
  'a rotation that nobody reports': async () => ({ cwd: await rotating(), env: DEV }),
  'a degraded replica, and one by a variable': async () => {
    const cwd = await rotating();
    await report(cwd, 'web-1-4711-a1b2c3', {
      degraded: 'the document is not valid JSON: '.padEnd(400, 'x y '),
    });
    await report(cwd, 'web-2-4712-d4e5f6', { ring: undefined, generation: 0, source: SECRET, verifies: [K] });
    return { cwd, env: DEV };
  },
  '30 keys': async () => {
    const old = Array.from(
      { length: 28 },
      (_, index): WrittenKey => ({
        secret: `${String(index).padStart(4, '0')}${OLDEST}`,
        state: 'retiring',
        daysAgo: index,
      }),
    );
    const cwd = await ringFolder(...ROTATING.slice(0, 2), ...old);
    await report(cwd, 'web-1-4711-a1b2c3');
    return { cwd, env: DEV };
  },
  '1,000 replicas': async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `web-${index}-4711-a1b2c3`);
    const late = names.filter((_, index) => index % 400 === 7);
    const cwd = await rotatingFor(late);
    await Promise.all(names.filter((name) => !late.includes(name)).map((name) => report(cwd, name)));
    return { cwd, env: DEV };
  },
  'long names': async () => {
    const cwd = await rotatingFor(['a'.repeat(128)]);
    await report(cwd, 'b'.repeat(128));
    return { cwd, env: DEV };
  },
} satisfies Readonly<Record<string, () => Promise<Scene>>>;

export { K, NEW, OLD };
