// Two apps on one engine, and one that is given a name later: sessions, keyrings and reports, in Redis and PostgreSQL.
import { afterEach, describe, expect, inject, test } from 'vitest';
import { runDoctor } from '../src/doctor/run.js';
import type { Keyturn } from '../src/keyturn.js';
import { signOutEverywhere } from '../src/sign-out.js';
import { startKeyturn } from '../src/start/start.js';
import { keyturn as command } from './cli/run.js';
import { ownPrefix, ownSchema } from './support/engines.js';
import { memoryLogger } from './support/keyturn.js';
import { machine, OLDER, refusalOn, SECRET, STRONG } from './support/machine.js';
import {
  closePlace,
  firstRing,
  machineOf,
  openPlace,
  operate,
  type SharedReplica,
  severalLooks,
  startReplica,
  storeOf,
} from './support/shared-ring.js';

const ENGINES = ['redis', 'postgres'] as const;
const SHOP = { KEYTURN_APP: 'shop' };
const BLOG = { KEYTURN_APP: 'blog' };
const DEPLOYS = [
  {},
  { KEYTURN_APP_ACCEPTS: 'shop' },
  { KEYTURN_APP: 'shop', KEYTURN_APP_ACCEPTS: 'none' },
  { KEYTURN_APP: 'shop' },
] as const;

const ends: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** What makes sessions live in an engine, in a place of its own. */
async function sessionsIn(engine: (typeof ENGINES)[number]): Promise<Readonly<Record<string, string>>> {
  if (engine === 'redis')
    return {
      KEYTURN_SESSION__BACKEND: 'redis',
      KEYTURN_SESSION__REDIS__URL: inject('redisUrl'),
      KEYTURN_SESSION__REDIS__PREFIX: ownPrefix(),
    };
  const place = await ownSchema(inject('postgresUrl'));
  ends.push(() => place.drop());
  return {
    KEYTURN_SESSION__BACKEND: 'postgres',
    KEYTURN_SESSION__POSTGRES__URL: `${inject('postgresUrl')}?options=-c%20search_path%3D${place.schema}`,
  };
}

async function start(env: Readonly<Record<string, string>>) {
  const logger = memoryLogger();
  const at = machine({ env: { KEYTURN_ENV: 'prod', [SECRET]: STRONG, ...env } });
  const keyturn = await startKeyturn({ logger }, { ...at, now: Date.now });
  ends.push(() => keyturn.close());
  return { keyturn, told: () => logger.records.filter(({ facts }) => facts.event === 'app.others') };
}

const begin = async ({ sessionStore }: Keyturn, id: string) => {
  const now = Date.now();
  return await sessionStore?.put(id, { text: '{}', createdAt: now, expiresAt: now + 60_000, user: 'ada' }, 0);
};
const sessionsOf = async ({ sessionStore }: Keyturn) =>
  ((await sessionStore?.listUser('ada')) ?? []).map(({ id }) => id).sort();

describe.each(ENGINES)('%s', (engine) => {
  test('sessions: a user who signs out everywhere in one app stays signed in to the other', async () => {
    const env = await sessionsIn(engine);
    const apps = [await start({ ...env, ...SHOP }), await start({ ...env, ...BLOG }), await start(env)];
    for (const [n, { keyturn }] of apps.entries()) expect(await begin(keyturn, `session-${n}`)).toBe('saved');
    for (const [n, { keyturn }] of apps.entries())
      expect(await sessionsOf(keyturn)).toEqual([`session-${n}`]);
    expect(await signOutEverywhere((apps[0] as { keyturn: Keyturn }).keyturn, 'ada')).toBe(1);
    expect(await Promise.all(apps.map(({ keyturn }) => sessionsOf(keyturn)))).toEqual([
      [],
      ['session-1'],
      ['session-2'],
    ]);
  });

  test('sessions: nobody is signed out where an app is given a name in three deploys', async () => {
    const env = await sessionsIn(engine);
    const deploys = await Promise.all(DEPLOYS.map((said) => start({ ...env, ...said })));
    for (const [n, { keyturn }] of deploys.entries()) {
      await begin(keyturn, `of-${n}`);
      for (const other of deploys.slice(Math.max(0, n - 1), n + 2))
        expect(await other.keyturn.sessionStore?.get(`of-${n}`)).toMatchObject({ user: 'ada' });
    }
    // Whoever has both names ends all of them.
    const { keyturn } = deploys[2] as { keyturn: Keyturn };
    expect(await sessionsOf(keyturn)).toEqual(['of-0', 'of-1', 'of-2', 'of-3']);
    expect(await signOutEverywhere(keyturn, 'ada')).toBe(4);
    for (const { keyturn: each } of deploys) expect(await sessionsOf(each)).toEqual([]);
  });

  test('keyrings: each app has its own, and a step in one is none in the other', async () => {
    const place = await openPlace(engine);
    ends.push(() => closePlace(place));
    const [shop, blog] = await Promise.all(
      [SHOP, BLOG].map((env) => startReplica(place, { env, profile: 'dev' })),
    );
    if (shop === undefined || blog === undefined) throw new Error('not started');
    expect([shop.keyturn.health.ready, blog.keyturn.health.ready]).toEqual([true, true]);
    expect(shop.accepts(blog.sign())).toBe(false);
    const before = blog.keyturn.keyring.generation;
    await operate(place, (rotation) => rotation.stage(), { env: SHOP, profile: 'dev' });
    await Promise.all([shop, blog].map(({ keyturn }) => keyturn.reload()));
    expect([shop.keyturn.keyring.keys.length, blog.keyturn.keyring.keys.length]).toEqual([2, 1]);
    expect(blog.keyturn.keyring.generation).toBe(before);
    await operate(
      place,
      async (rotation) => {
        const { replicas, otherApps } = await rotation.status();
        expect(replicas).toHaveLength(1);
        expect(replicas[0]).toMatchObject({ authentic: true, app: 'shop' });
        // Each was given a name from the start.
        expect(otherApps).toEqual([]);
      },
      { env: SHOP, profile: 'dev' },
    );
  });

  test('keyrings: one that is shared goes along where its app is given a name, and nobody is signed out', async () => {
    const place = await openPlace(engine);
    ends.push(() => closePlace(place));
    await storeOf(place).create(firstRing(OLDER));
    const deploy = async (n: 0 | 1 | 2 | 3) => await startReplica(place, { env: DEPLOYS[n] });
    const rolling = [await deploy(0), await deploy(1), await deploy(2)] as const;
    const kids = (replicas: readonly SharedReplica[]) =>
      replicas.map(({ keyturn }) => keyturn.keyring.keys.map(({ id, state }) => `${id} ${state}`).join());
    const allTake = (replicas: readonly SharedReplica[]) =>
      replicas.every(
        (one, n) =>
          replicas[n + 1] === undefined ||
          [replicas[n + 1]?.accepts(one.sign()), one.accepts(replicas[n + 1]?.sign() ?? '')].every(Boolean),
      );
    expect(allTake(rolling)).toBe(true);

    // A step under either name is one for all, and hears of all.
    const staged = await operate(
      place,
      async (rotation) => {
        const { replicas } = await rotation.status();
        expect(replicas.map(({ authentic }) => authentic)).toEqual([true, true, true]);
        return (await rotation.stage()).kid;
      },
      { env: DEPLOYS[2] },
    );
    await severalLooks(...rolling);
    expect(new Set(kids(rolling)).size).toBe(1);
    expect(kids(rolling)[0]).toContain(`${staged} staged`);

    // Before it has moved the third deploy has none, and says so; nobody else is concerned.
    const early = await startReplica(place, { env: DEPLOYS[3], times: { maxLag: 1 } });
    expect(early.keyturn.health.ready).toBe(false);
    await rolling[0].keyturn.close();
    await early.keyturn.close();
    const around = (n: 1 | 2 | 3) => ({
      cwd: '/',
      env: machineOf(place, { env: DEPLOYS[n] }).env as Record<string, string>,
    });
    const moved = await command(['init'], around(2));
    expect(moved, moved.stderr).toMatchObject({ code: 0 });
    expect((await command(['init'], around(2))).stderr).toContain('already');
    expect((await command(['init', '--if-missing'], around(3))).code).toBe(0);

    const after = [rolling[1], rolling[2], await deploy(3)] as const;
    expect(after[2].keyturn.health.ready).toBe(true);
    await severalLooks(...after);
    expect(allTake(after)).toBe(true);
    await operate(place, (rotation) => rotation.retire(staged), { env: DEPLOYS[3] });
    await severalLooks(...after);
    for (const seen of kids(after)) expect(seen).toContain(`${staged} retired`);

    // Whoever has not heard of the name finds no ring of another time.
    const late = await startReplica(place, { env: DEPLOYS[0], times: { maxLag: 1 } });
    expect(late.keyturn.health).toMatchObject({
      ready: false,
      degraded: expect.stringContaining('has moved'),
    });
  });

  test('reports: a process of no name, or another one, on the same secret is told', async () => {
    const env = await sessionsIn(engine);
    const { keyturn: old } = await start(env);
    expect(old.health.reporting).toBe(true);
    const { told } = await start({ ...env, ...SHOP });
    expect(told()).toMatchObject([
      {
        level: 'warn',
        message: expect.stringMatching(
          /has no app name on the same secret, and this process has the app name shop/,
        ),
      },
    ]);
    const around = { env: { KEYTURN_ENV: 'prod', [SECRET]: STRONG, ...env, ...SHOP } };
    const { stdout } = await command(['status'], around);
    expect(stdout).toContain('has no app name on the same secret, and this command has the app name shop');
    const { checks } = await runDoctor(machine({ env: around.env, now: Date.now() }));
    expect(checks.find(({ name }) => name === 'fleet')).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('no app name'),
    });
    // In the middle of the change it is as it should be.
    const changing = await start({ ...env, ...SHOP, KEYTURN_APP_ACCEPTS: 'none' });
    expect(changing.told()).toMatchObject([{ level: 'info' }]);
    // Another secret is another matter.
    const stranger = await start({ ...env, ...SHOP, [SECRET]: OLDER });
    expect(stranger.told()).toEqual([]);
  });
});

test('a shared keyring moves from no name to one, and not on', async () => {
  const place = await openPlace('redis');
  ends.push(() => closePlace(place));
  const { env } = machineOf(place, { env: { KEYTURN_APP: 'shop', KEYTURN_APP_ACCEPTS: 'till' } });
  expect(await refusalOn({ env })).toMatchObject({ code: 'config_invalid' });
});
