// The commands over a keyring that replicas share in an engine, with real engines and real processes.
import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { reportText } from '../../src/fleet/authentic.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { type EnginePlace, postgresPlace, redisPlace } from '../support/engine-places.js';
import { cutTo } from '../support/engines.js';
import { COMING, kidOf, NEXT, OLDER, PREVIOUS, REVOKED, SECRET, STRONG } from '../support/machine.js';
import { ringOf } from '../support/ring-file.js';
import { until } from '../support/waiting.js';
import { endReplicas, Replica } from './replica.js';
import { newFolder } from './ring.js';
import { keyturn, MAIN, type Ran, TWO_LINES } from './run.js';

const [K, OLD, NEW] = [kidOf(STRONG), kidOf(OLDER), kidOf(COMING)];
/** With a lag that init does not wait long for. */
const PROD = { KEYTURN_ENV: 'prod', [SECRET]: STRONG, KEYTURN_SECURITY__KEYRING__MAX_LAG: '2s' };
const DEV = { KEYTURN_ENV: 'dev', [SECRET]: STRONG };
/** Seed 004's second key: 26 bytes. */
const WEAK = 'b170bba371a7ce808162e9cfb9449e928ec085ec050a8bbf24c8';

type Env = Readonly<Record<string, string>>;

/** A service in an engine: its environment, and commands in it. */
class Service {
  readonly place: EnginePlace;
  readonly env: Env;
  readonly cwd: string = newFolder();

  constructor(place: EnginePlace, env: Env) {
    this.place = place;
    this.env = { ...place.shared, ...env };
  }

  async run(...args: readonly string[]): Promise<Ran> {
    return await this.runWith({}, ...args);
  }

  async runWith(more: Env, ...args: readonly string[]): Promise<Ran> {
    return await keyturn(args, { cwd: this.cwd, env: { ...this.env, ...more } });
  }

  /** What `status` says once so many of its lines are such. */
  async statusWith(line: RegExp, count: number): Promise<Ran> {
    for (;;) {
      const ran = await this.run('status');
      if (ran.stdout.split('\n').filter((one) => line.test(one)).length === count) return ran;
    }
  }

  async json(...args: readonly string[]): Promise<any> {
    return JSON.parse((await this.run('--json', ...args)).stdout);
  }

  async states(): Promise<string[]> {
    const { keys } = await this.json('status');
    return keys.map(({ kid, state }: { kid: string; state: string }) => `${kid} ${state}`);
  }

  async replica(more: Env = {}): Promise<Replica> {
    return await Replica.start(this.cwd, { ...this.env, ...more });
  }

  async check(name: string, more: Env = {}): Promise<{ status: string; detail: string; hint?: string }> {
    const { checks } = JSON.parse((await this.runWith(more, 'doctor', '--json')).stdout);
    return checks.find((check: { name: string }) => check.name === name);
  }
}

const open: EnginePlace[] = [];
afterAll(async () => {
  await endReplicas();
  for (const place of open) await place.close();
});

async function opened<P extends EnginePlace>(place: Promise<P>): Promise<P> {
  const made = await place;
  open.push(made);
  return made;
}

function expectRefused(ran: Ran, error: string, code = 1): void {
  expect(ran).toMatchObject({ code, stdout: '' });
  // What it waited for before is told as it happens.
  expect(ran.stderr.replace(/^keyturn: note: no keyring is there: waiting .*\n/, '')).toMatch(TWO_LINES);
  expect(ran.stderr).toContain(error);
}

describe.concurrent.each([
  ['Redis', redisPlace, /^Redis \(keyturn-test-\w+:\{ring:default\}\)$/],
  ['PostgreSQL', postgresPlace, /^PostgreSQL \(keyturn_rings, default\)$/],
] as const)('in %s', (_, place, name) => {
  const service = async (env: Env) => new Service(await opened(place()), env);

  test.concurrent('init makes the first ring of the keys in force, once, and writes no file', async () => {
    const app = await service({ ...PROD, [PREVIOUS]: OLDER, [NEXT]: COMING, [REVOKED]: 'abcdefgh' });
    expect(await app.check('shared_keyring')).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('there is no keyring in'),
      hint: expect.stringContaining('keyturn init'),
    });
    expectRefused(await app.run('status'), 'there is no keyring in');
    // None of them has made anything.
    expect(await app.place.kept()).toBeUndefined();

    const [one, two] = await Promise.all([
      app.run('init', '--json'),
      app.run('init', '--if-missing', '--json'),
    ]);
    const made = [one, two].filter(({ code, stdout }) => code === 0 && JSON.parse(stdout).created);
    expect(made).toHaveLength(1);
    const { place: where, ...rest } = JSON.parse(made[0]?.stdout as string);
    expect(where).toMatch(name);
    const states = [`${K} active`, `${OLD} retiring`, `${NEW} staged`, 'abcdefgh revoked'];
    expect(rest).toEqual({
      created: true,
      document: null,
      config: null,
      configWritten: false,
      production: null,
      productionWritten: false,
      keys: states.map((state) => ({ kid: state.slice(0, 8), state: state.slice(9) })),
      takeAway: [],
    });
    expect(made[0]?.stderr).toContain(`${SECRET} seals it from now on (key ${K}), and signs until`);
    expectRefused(await app.run('init'), 'already, and init overwrites nothing');
    const again = await app.run('init', '--if-missing');
    expect(again).toMatchObject({ code: 0, stdout: '' });
    expect(again.stderr).toMatch(/^keyturn: note: there is a keyring in .* already: nothing was changed\n$/);
    expect((await app.states()).sort()).toEqual([...states].sort());
    expect(readdirSync(app.cwd)).toEqual([]);

    expect(await app.check('shared_keyring')).toMatchObject({ status: 'pass' });
    for (const secret of [STRONG, OLDER, COMING]) expect(await app.place.kept()).not.toContain(secret);

    // Another secret opens nothing, and no job takes that for fine.
    for (const args of [['status'], ['init', '--if-missing'], ['stage']]) {
      const ran = await app.runWith({ [SECRET]: `x${STRONG}`, [PREVIOUS]: '[]', [NEXT]: '[]' }, ...args);
      expectRefused(ran, `and the signing secret here is ${kidOf(`x${STRONG}`)}`);
    }
  });

  test.concurrent('the steps of a key, followed by two replicas; nobody is logged out', async () => {
    const app = await service({ ...DEV, KEYTURN_SECURITY__KEYRING__MAX_LAG: '25s' });
    await app.runWith({ KEYTURN_SECURITY__KEYRING__MAX_LAG: '2s' }, 'init');
    const [one, two] = await Promise.all([app.replica(), app.replica()]);
    const token = await one.sign();
    const signsNow = async (replica: Replica, kid: string) => {
      for (;;) if ((await replica.hear('changed')).signs === kid) return;
    };

    // Without their reports it would have to wait for max_lag.
    const wait = ['--wait', '--timeout', '20s', '--replicas', '2'];
    const rotated = await app.run('rotate', ...wait, '--reason', 'yearly');
    expect(rotated.code).toBe(0);
    const kid = /^promoted (\S{8}): it signs now/.exec(rotated.stdout)?.[1] as string;
    await Promise.all([one, two].map((replica) => signsNow(replica, kid)));
    expect(await two.verify(token)).toMatchObject({ ok: true, stale: true });

    // On a busy machine a report may be late, and is told as late.
    const shown = await app.statusWith(/ fine$/, 2);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toMatch(
      new RegExp(`^kept in +(Redis|PostgreSQL) \\(.*\\), sealed by ${SECRET} \\(${K}\\)$`, 'm'),
    );
    expect(shown.stdout).toMatch(/^rotated +\d.* by /m);
    expect(shown.stdout).toMatch(new RegExp(`^${kid} +active .* 2 of 2 replicas `, 'm'));
    expect(shown.stdout.match(/ fine$/gm)).toHaveLength(2);
    expect(shown.stdout).not.toMatch(/^differs/m);
    const status = await app.json('status');
    expect(status).toMatchObject({
      shared: true,
      roots: [K],
      sealedUnder: [K],
      format: 'secret',
      deploy: null,
      silence: null,
    });
    expect(status.place).toMatch(name);
    expect(status.replicas).toMatchObject([
      { signs: kid, roots: [K], degraded: null },
      { signs: kid, roots: [K], degraded: null },
    ]);

    const newest = await one.sign();
    const inspected = JSON.parse((await app.run('inspect', newest, '--json')).stdout);
    expect(inspected).toMatchObject({ kid, keyState: 'active', purposes: ['invitation'], reason: null });

    expect((await app.run('rollback')).stdout).toContain(
      `rolled back to ${K}: it signs again; ${kid} turned`,
    );
    await Promise.all([one, two].map((replica) => signsNow(replica, K)));
    expect(await two.verify(newest)).toMatchObject({ ok: true });
    expect((await app.run('stage')).code).toBe(0);
    const staged = (await app.states()).find((state) => state.endsWith('staged'))?.slice(0, 8) as string;
    expect((await app.run('retire', '--', staged)).stdout).toContain(`retired ${staged}`);
    expectRefused(await app.run('retire', '--', kid), 'may still be alive', 3);
    expect((await app.json('impact', 'revoke', '--', kid)).rows).toContainEqual(
      expect.objectContaining({ purpose: 'invitation', effect: 'refused' }),
    );
    expect((await app.run('revoke', '--reason', 'a test', '--', kid)).code).toBe(0);
    await until(async () => (await two.verify(newest)).reason === 'revoked_key');
    const { history } = await app.json('history');
    expect(history.map(({ what }: { what: string }) => what)).toEqual([
      'init',
      'stage',
      'promote',
      'rollback',
      'stage',
      'retire',
      'revoke',
    ]);
    expect(history[1]).toMatchObject({ why: 'yearly' });
    expect(await app.check('fleet')).toMatchObject({ status: 'pass' });
    await Promise.all([one.stop(), two.stop()]);
    expect((await app.run('status')).stdout).toContain('no process reports in ');
  });

  test.concurrent('one that was killed holds up rotate --wait for a lease', async () => {
    const app = await service({ ...DEV, KEYTURN_SECURITY__KEYRING__LEASE: '6s' });
    await app.run('init');
    const [one, two] = await Promise.all([app.replica(), app.replica()]);
    two.child.kill('SIGKILL');
    const early = await app.run('rotate', '--wait', '--timeout', '1s');
    expect(early).toMatchObject({ code: 3, stdout: '' });
    expect(early.stderr).toMatch(
      new RegExp(
        `gave up after 1 s, and the key \\S+ stays staged: \\S+-${two.child.pid}-\\S+ cannot verify`,
      ),
    );
    expect(early.stderr).toMatch(
      new RegExp(
        `waiting: 1 of 2 replicas know key \\S+, not safe before \\S+-${two.child.pid}-\\S+ does\\n`,
      ),
    );
    const ran = await app.run('rotate', '--wait');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^promoted /);
    expect((await app.json('status')).replicas).toHaveLength(1);
    await one.stop();
  });

  test.concurrent('a retired key whose secret seals the keyring does not lead to that being taken away', async () => {
    const app = await service({
      ...DEV,
      KEYTURN_PURPOSES__BUILTIN: '[]',
      KEYTURN_PURPOSES__TICKET__MAX_AGE: '1s',
      KEYTURN_SECURITY__KEYRING__MAX_LAG: '1s',
      KEYTURN_SECURITY__KEYRING__CLOCK_SKEW: '1s',
    });
    await app.run('init');
    expect((await app.run('rotate', '--wait')).code).toBe(0);
    let ran = await app.run('retire');
    await until(async () => {
      if (ran.code !== 0) ran = await app.run('retire');
      return ran.code === 0;
    });
    expect(ran.stdout).toMatch(new RegExp(`^retired ${K}: `));
    expect(ran.stdout).toContain(
      `\nthe secret of ${K} still seals the keyring: leave it where it is configured\n`,
    );
  });

  test.concurrent('a replica with another secret is named by its key id, and the doctor fails', async () => {
    const app = await service(DEV);
    await app.run('init');
    await app.replica();
    await app.replica({ [SECRET]: OLDER });
    const expected = `has the signing secret ${OLD}, and `;
    const { stdout } = await app.statusWith(/^replicas: .* has the signing secret/, 1);
    expect(stdout).toMatch(
      new RegExp(
        `^replicas: \\S+ ${expected}\\S+ and this command have ${K}: what one seals the other cannot open; give`,
        'm',
      ),
    );
    expect(stdout).toMatch(/^replicas: \S+ is not ready, and has no keyring yet: /m);
    // Steps can be taken all the same, see below.
    expect(stdout).toMatch(/^next: keyturn rotate --wait/m);
    expect(stdout).toMatch(/^REPLICA +PROFILE +ROOTS +KEYRING/m);
    expect(stdout).toMatch(new RegExp(`^sealed +under ${K}$`, 'm'));
    expect(stdout).toMatch(
      new RegExp(
        ` - +- +- +no keyring yet: the keyring in .* is sealed under ${K}, and .* here is ${OLD}$`,
        'm',
      ),
    );
    const status = await app.json('status');
    const other = status.replicas.find(({ roots }: { roots: string[] }) => roots[0] === OLD);
    expect(other).toMatchObject({ roots: [OLD], signs: null, degraded: expect.any(String) });
    const fleet = await app.check('fleet');
    expect(fleet).toMatchObject({
      status: 'fail',
      hint: expect.stringContaining('"Rotating the signing secret itself"'),
    });
    expect(fleet.detail).toContain(expected);
    // It could never open the ring, so it keeps nobody from rotating.
    expect((await app.run('rotate', '--wait', '--replicas', '1')).code).toBe(0);
    for (const said of [stdout, JSON.stringify([status, fleet])])
      for (const secret of [STRONG, OLDER]) expect(said).not.toContain(secret);
  });

  test.concurrent('secrets of their own beside shared sessions: the same mistake is seen', async () => {
    const { env, engine } = await opened(place());
    const cwd = newFolder();
    const own = { ...env, ...DEV, KEYTURN_SESSION__BACKEND: engine };
    const run = (...args: string[]) => keyturn(args, { cwd, env: own });
    expect((await run('status')).stdout).toContain('no process reports beside its sessions');
    const one = await Replica.start(cwd, own);
    expect((await run('status')).stdout).toMatch(/ fine$/m);
    expect((await run('doctor')).stdout).toContain('1 process reports\n');
    await Replica.start(cwd, { ...own, [SECRET]: COMING });
    // Between two deploys they accept what the others sign.
    const between = await Replica.start(cwd, { ...own, [NEXT]: OLDER });
    const { stdout } = await run('status');
    const ids = new RegExp(
      `^replicas: \\S+ has the signing secret ${NEW}, and \\S+, \\S+ and this command have ${K}: what one signs the other refuses; give`,
      'm',
    );
    expect(stdout).toMatch(ids);
    expect(stdout).toMatch(
      /^replicas: \S+ has another keyring than this command \(fingerprint \S+\); each accepts what/m,
    );
    expect(stdout).toMatch(
      /^next: first give every replica the same signing secret, .*: \S+ has the signing/m,
    );
    const doctor = await run('doctor');
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(new RegExp(`❌ fleet .* has the signing secret ${NEW}, and `));
    expect(JSON.parse((await run('status', '--json')).stdout)).toMatchObject({
      place: null,
      shared: false,
      roots: null,
      deploy: 0,
    });
    for (const secret of [STRONG, COMING, OLDER]) expect(stdout + doctor.stdout).not.toContain(secret);
    await Promise.all([one.stop(), between.stop()]);
  });

  test.concurrent('import makes the ring of secrets of another place', async () => {
    const app = await service(PROD);
    writeFileSync(join(app.cwd, 'keys'), JSON.stringify([OLDER, WEAK]));
    const weak = await app.run('import', 'keys');
    expectRefused(weak, `the key ${kidOf(WEAK)} of keys is too weak: 26 of 32 bytes count`);
    expect(await app.place.kept()).toBeUndefined();
    const until = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    const excused = { [`${SECRET}__ACCEPT_WEAK`]: `[{"kid":"${kidOf(WEAK)}","until":"${until}"}]` };
    const ran = await app.runWith(excused, 'import', 'keys', '--json');
    expect(JSON.parse(ran.stdout)).toMatchObject({ created: true, kept: [K], left: [], weak: [kidOf(WEAK)] });
    expect(ran.stderr).toContain(
      `${OLD} signs from the next start on, and ${K}, which signs until then, goes on`,
    );
    expect(await app.states()).toEqual([`${OLD} active`, `${kidOf(WEAK)} retiring`, `${K} retiring`]);
    expect((await app.check('shared_keyring', excused)).status).toBe('warn');
    expect((await app.check('shared_keyring')).status).toBe('fail');
    expectRefused(await app.run('import', 'keys'), 'already, and import overwrites nothing');
    expect(readdirSync(app.cwd)).toEqual(['keys']);
  });

  test.concurrent('replicas that wait for a first ring: the command must go by their rules and secret', async () => {
    const app = await service(PROD);
    const waiting = await app.replica();
    expectRefused(await app.runWith({ KEYTURN_ENV: 'dev' }, 'init'), 'runs by the prod profile');
    const other = await app.runWith({ [SECRET]: OLDER }, 'init', '--if-missing');
    expectRefused(other, `has the signing secret ${K}, and this command has ${OLD}`);
    expect(await app.place.kept()).toBeUndefined();
    const shown = await app.run('status');
    expect(shown.code).toBe(1);
    expect(shown.stdout).toMatch(new RegExp(` prod +${K} +no keyring yet`));
    expect(shown.stderr).toContain('there is no keyring in');
    expect((await app.run('init', '--if-missing')).code).toBe(0);
    await waiting.hear('changed');
    expect(await waiting.verify(await waiting.sign())).toMatchObject({ ok: true });
    await waiting.stop();
  });

  test.concurrent('a password in the URL of an engine that refuses it is in no output', async () => {
    const { shared } = await opened(place());
    const planted = 'planted-4f1c77aa90';
    const wrong = Object.fromEntries(
      Object.entries(shared).map(([variable, value]) => {
        if (!variable.endsWith('__URL')) return [variable, value];
        const url = new URL(value);
        url.username = 'nobody-of-that-name';
        url.password = planted;
        return [variable, url.href];
      }),
    );
    const env = { ...PROD, ...wrong };
    const runs = [['status'], ['doctor', '--json'], ['init'], ['rotate', '--wait']].map((args) =>
      keyturn(args, { cwd: newFolder(), env }),
    );
    for (const ran of await Promise.all(runs)) {
      expect(ran.code).toBe(1);
      const said = ran.stdout + ran.stderr;
      expect(said).toMatch(/ refuses \([\w ]+\)/);
      for (const secret of [planted, STRONG, Buffer.from(planted).toString('base64').slice(0, 12)])
        expect(said).not.toContain(secret);
    }
  });
});

test.concurrent('by a clock that differs from the one of the engine no step is taken but revoke', async () => {
  const app = new Service(await opened(redisPlace()), PROD);
  await app.run('init');
  for (const [off, told] of [
    [40 * 86_400_000, '40 d ahead of'],
    [-3 * 3_600_000, '3 h behind'],
  ] as const) {
    const run = async (...args: readonly string[]) =>
      await keyturn(args, { cwd: app.cwd, env: app.env, now: () => Date.now() + off });
    const what = `the clock that this command goes by is ${told} that of Redis`;
    for (const step of ['retire', 'promote', 'stage', 'rollback', 'rotate'] as const)
      expectRefused(await run(step), what);
    expect(JSON.parse((await run('retire', '--json')).stdout)).toMatchObject({
      error: { code: 'clock_differs', safeAt: null },
    });
    const status = await run('status');
    expect(status.stdout).toContain(`\nnext: first set both clocks by one time server`);
    expect(status.stdout).not.toContain('differs by more than');
    const { checks } = JSON.parse((await run('doctor', '--json')).stdout);
    const about = (name: string) => checks.find((check: { name: string }) => check.name === name);
    expect(about('fleet')).toMatchObject({ status: 'warn', detail: expect.stringContaining(told) });
    expect(about('rotation').status).toBe('pass');
  }
  const late = { cwd: app.cwd, env: app.env, now: () => Date.now() - 3 * 3_600_000 };
  expect(await keyturn(['revoke', K, '--reason', 'it leaked'], late)).toMatchObject({ code: 0 });
});

test.concurrent('where the tables cannot be made it is told what to do', async () => {
  const url = new URL(inject('postgresUrl'));
  // No schema at all is refused as one without rights is.
  url.search = `?options=${encodeURIComponent('-c search_path=keyturn_test_no_such_schema')}`;
  const env = { KEYTURN_SECURITY__KEYRING__STORE: 'postgres', KEYTURN_SESSION__POSTGRES__URL: url.href };
  const ran = await keyturn(['init'], { cwd: newFolder(), env: { ...PROD, ...env } });
  expectRefused(ran, 'this user of the database may not make the tables of PostgreSQL (keyturn_rings');
});

test.concurrent('one that is silent holds up steps for a lease, and it is said until when', async () => {
  const place = await opened(redisPlace());
  const app = new Service(place, PROD);
  await app.run('init');
  const { ring } = await app.json('status');
  const report = {
    instance: 'web-9-7-aaaa',
    host: 'web-9',
    pid: 7,
    at: 1,
    profile: 'prod',
    source: SECRET,
    ring: ring.id,
    generation: 1,
    fingerprint: ring.fingerprint,
    verifies: [K],
    signs: K,
    roots: [K],
    loadedAt: Date.now(),
    uses: [],
    lifetimes: {},
    maxLag: 60,
  };
  const write = async (instance: string, more: object, secondsAgo: number) => {
    const at = Date.now() - secondsAgo * 1000;
    // As the process itself wrote it, which holds the key.
    const vouching = ringOf(1, [[STRONG, 'active']], { id: ring.id });
    const text = reportText({ ...report, instance, at, ...more } as unknown as ReplicaReport, vouching);
    await place.client.hset(`${place.prefix}{ring:default}:reports`, instance, `${at} 900000 ${text}`);
  };
  // Anew before each command, so that no command finds it older than it is said to be.
  await write('web-9-7-aaaa', {}, 100);
  expect((await app.run('status')).stdout).toMatch(
    /^web-9-7-aaaa .* silent, counts until .* \(in (14 min|13 min \d+ s)\)$/m,
  );
  await write('web-9-7-aaaa', {}, 100);
  expect(await app.check('fleet')).toMatchObject({
    status: 'warn',
    detail: expect.stringMatching(/^web-9-7-aaaa is silent, and holds up steps until 20\S+Z\n/),
  });
  await write('web-9-7-aaaa', {}, 100);
  const ran = await app.run('rotate', '--wait', '--timeout', '2s');
  expect(ran).toMatchObject({ code: 3, stdout: '' });
  expect(ran.stderr).toMatch(/stays staged: web-9-7-aaaa \(silent\) cannot verify with it yet\n/);
  expect(ran.stderr).toMatch(
    /hint: whoever is silent counts until .* \(in (14 min|13 min \d+ s)\); go on with/,
  );

  await write('web-9-7-aaaa', {}, 100);
  const early = await app.run('promote');
  expectRefused(early, 'web-9-7-aaaa cannot verify with the key', 3);
  expect(early.stderr).toMatch(
    / yet; it is silent, and may be gone\n.*hint: it counts until .* \(in (14 min|13 min \d+ s)\) at most: wait/,
  );
  await write('web-9-7-aaaa', {}, 100);
  expect((await app.run('status')).stdout).toMatch(
    /^next: keyturn rotate --wait {2}# waits, and promotes it: not safe to promote: unknown to web-9-7-aaaa \(silent, counts until .*\(in (14 min|13 min \d+ s)\)\); not before /m,
  );

  // It counts by its own lease, and not by the one of whoever asks.
  const shorter = { KEYTURN_SECURITY__KEYRING__LEASE: '90s' };
  await write('web-9-7-aaaa', { lease: 900 }, 100);
  expect((await app.runWith(shorter, 'status')).stdout).toMatch(
    /^web-9-7-aaaa .* silent, counts until .* \(in (14 min|13 min \d+ s)\)$/m,
  );
  expect((await app.check('fleet', shorter)).detail).toMatch(/is silent, and holds up steps until/);

  // What stands for replicas that the store has lost is none of them.
  await write('web-9-7-aaaa', { standIn: true }, 30);
  const lost = await app.run('status');
  expect(lost.stdout).toContain('no process reports in');
  expect(lost.stdout).toMatch(
    /^replicas: the store lost its data: replicas not heard of since hold up steps until .* \(in (15 min|14 min \d+ s)\); /m,
  );
  expect(lost.stdout).not.toContain('web-9');
  expect(await app.json('status')).toMatchObject({
    replicas: [],
    unheardOfUntil: expect.stringMatching(/Z$/),
  });
  expectRefused(await app.run('promote'), 'the store lost its data: replicas not heard of since hold up', 3);
  const held = await app.run('rotate', '--wait', '--timeout', '1s');
  expect(held.stderr).toMatch(/waiting: .*, the store lost its data: replicas not heard of since/);
  expect(held.stderr).not.toContain('web-9');
  expect((await app.check('fleet')).detail).toMatch(/^the store lost its data: .* until 20\S+Z\nno process/);

  // One that was stopped with another secret counts for a lease, and fails nobody's pipeline meanwhile.
  await write('web-9-7-aaaa', { roots: [OLD] }, 100);
  expect((await app.check('fleet')).status).toBe('warn');
  expect((await app.run('status')).stdout).toContain(
    `replicas: web-9-7-aaaa (silent) has the signing secret ${OLD}, and`,
  );
  await write('web-9-7-aaaa', {}, 100);

  // One that has not been told of the store goes by keys of its own, and does not know those of the rest.
  await write('web-8-7-aaaa', { ring: undefined, roots: undefined, fingerprint: 'AAAAAAAAAAA' }, 0);
  expect((await app.run('status')).stdout).toContain(
    'replicas: web-8-7-aaaa runs without the shared keyring, and does not know its keys; give every replica',
  );
  const fleet = await app.check('fleet');
  expect(fleet.status).toBe('fail');
  expect(fleet.detail).toContain('web-8-7-aaaa runs without the shared keyring, and does not know its keys');

  // What holds the ring puts it back: another one must not take its place.
  await place.client.del(`${place.prefix}{ring:default}`);
  const again = await app.run('init', '--if-missing');
  expectRefused(again, `web-9-7-aaaa holds the keyring ${ring.id}, which is missing in Redis`);
});

test.concurrent('status --watch goes on while the engine is away', async () => {
  const place = await opened(redisPlace());
  const { hostname, port } = new URL(place.env.KEYTURN_SESSION__REDIS__URL as string);
  const proxy = await cutTo(Number(port) || 6379, hostname);
  const app = new Service(place, { ...DEV, KEYTURN_SESSION__REDIS__URL: `redis://127.0.0.1:${proxy.port}` });
  expect(await app.run('init')).toMatchObject({ code: 0 });
  const child = spawn(process.execPath, [MAIN, 'status', '--watch'], {
    cwd: app.cwd,
    env: { PATH: process.env.PATH, ...app.env },
  });
  let out = '';
  child.stdout.on('data', (part) => {
    out += part;
  });
  const closed = new Promise((done) => child.once('close', done));
  try {
    await until(() => out.includes(`key ${K}: active\n`));
    proxy.cut();
    await until(() => /Z cannot be asked: Redis \(.*\) cannot be reached \([\w ]+\); /.test(out));
    proxy.mend();
    await until(() => out.includes('Z answers again\n'));
    expect(out).not.toContain(': gone');
    expect(out.match(/cannot be asked/g)).toHaveLength(1);
    expect(await app.run('stage')).toMatchObject({ code: 0 });
    await until(() => /Z key \S+: staged\n/.test(out));
    child.kill('SIGINT');
    expect(await closed).toBe(0);
  } finally {
    child.kill('SIGKILL');
    await proxy.close();
  }
});

test.concurrent.each([
  ['Redis', redisPlace, 'KEYTURN_SESSION__REDIS__URL', 6379],
  ['PostgreSQL', postgresPlace, 'KEYTURN_SESSION__POSTGRES__URL', 5432],
] as const)('rotate --wait ends when %s answers no more: the key stays staged', async (_, place, name, standard) => {
  const where = await opened<EnginePlace>(place());
  const url = new URL(where.env[name] as string);
  const proxy = await cutTo(Number(url.port) || standard, url.hostname);
  const app = new Service(where, { ...PROD, KEYTURN_SECURITY__KEYRING__MAX_LAG: '60s' });
  expect(await app.run('init')).toMatchObject({ code: 0 });
  url.host = `127.0.0.1:${proxy.port}`;
  const child = spawn(process.execPath, [MAIN, 'rotate', '--wait', '--json'], {
    cwd: app.cwd,
    env: { PATH: process.env.PATH, ...app.env, [name]: url.href },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (part) => {
    out += part;
  });
  child.stderr.on('data', (part) => {
    err += part;
  });
  const closed = new Promise((done) => child.once('close', done));
  try {
    await until(() => err.includes('waiting: '));
    proxy.freeze();
    // Nothing is mended: it ends by itself.
    expect(await closed).toBe(3);
    const kid = /staged (\S+):/.exec(err)?.[1] as string;
    const { error } = JSON.parse(out);
    expect(error).toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringMatching(
        /^(Redis|PostgreSQL) \(.*\) cannot be reached \(no answer in time\), and the key \S+ stays staged$/,
      ),
      hint: 'when it answers again, go on with keyturn rotate --wait; keyturn status shows the key',
    });
    expect(error.message).toContain(`the key ${kid} stays staged`);
    expect(await app.states()).toContain(`${kid} staged`);
  } finally {
    child.kill('SIGKILL');
    await proxy.close();
  }
});
