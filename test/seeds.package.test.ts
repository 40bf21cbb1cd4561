// The documents that asked for this system, statement by statement: what they describe works here, and what is wrong
// in them is put right (DESIGN, section 9). Each is shown through the public API and the commands; how it is done, and
// everything around it, is tested elsewhere. Numbers of seeds: 000 is a framework's guide to its signing secret,
// 001 a resolver for a JWT secret, 002 a question about daily keys, 003 a ticket for documentation, 004 rotation with
// arrays of keys.
import { execFileSync } from 'node:child_process';
import { createHmac, hkdfSync, randomBytes, scryptSync } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { sign as foreignSign, unsign as foreignUnsign } from 'cookie-signature';
import Fastify from 'fastify';
import { describe, expect, test } from 'vitest';
import keyturnFastify from '../src/adapters/fastify/index.js';
import { createKeyturn, type Keyturn, type KeyturnOptions } from '../src/index.js';
import { createJwt, createRefreshTokens } from '../src/jwt/index.js';
import { memoryStore } from '../src/sessions/stores/memory.js';
import { keyturn as command } from './cli/run.js';
import { World } from './rotation/world.js';
import { Browser } from './support/browser.js';
import { type LogRecord, memoryLogger } from './support/keyturn.js';
import { COMING, FILE, NEXT, OLDER, OLDEST, PREVIOUS, SECRET, STRONG } from './support/machine.js';
import { afterwards, newFolder, REPLACED } from './support/ring-file.js';
import { until } from './support/waiting.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface Started {
  readonly kt: Keyturn;
  readonly log: readonly LogRecord[];
}

/** Starts as an app does; closed after the tests. */
async function start(
  env: Record<string, string>,
  options: Omit<KeyturnOptions, 'env'> = {},
): Promise<Started> {
  const logger = memoryLogger();
  const kt = await createKeyturn({ cwd: newFolder(), logger, env, ...options });
  afterwards(() => kt.close());
  return { kt, log: logger.records };
}

const DEV = { KEYTURN_ENV: 'dev' };
const PROD = { KEYTURN_ENV: 'prod' };

const invite = ({ kt }: Started) => kt.signer<string>('invitation');
const statesOf = ({ kt }: Started) => kt.keyring.keys.map(({ state }) => state);
const made = (cwd: string) => readFileSync(join(cwd, '.keyturn/secret'), 'utf8').trim();
const modeOf = (path: string) => statSync(path).mode & 0o777;
const refused = (reason: string) => ({ ok: false, reason });

/** A server with sessions, listening. */
async function listen(kt: Keyturn) {
  const app = Fastify();
  await app.register(keyturnFastify, { keyturn: kt });
  app.get('/sign-in', ({ session }) => {
    session.user = 'ada';
    return 'in';
  });
  app.get('/me', ({ session }) => ({ user: session.user ?? null }));
  await app.listen({ port: 0, host: 'localhost' });
  afterwards(() => app.close());
  const url = `http://localhost:${(app.server.address() as AddressInfo).port}`;
  return { app, url };
}

const user = async (browser: Browser) => (await browser.get('/me')).json.user as string | null;

describe('001: a secret that persists, is generated, or fails', () => {
  test('the variable comes first, and is taken as it stands', async () => {
    const { secret, kid } = JSON.parse((await command(['generate', '--json'])).stdout);
    const cwd = newFolder();
    await start(DEV, { cwd });
    const { kt } = await start({ ...DEV, [SECRET]: secret }, { cwd });
    expect(kt.keyring.keys.map(({ id }) => id)).toEqual([kid]);
  });

  test('development starts with nothing configured, and its tokens survive a restart', async () => {
    const cwd = newFolder();
    const first = await start(DEV, { cwd });
    const token = invite(first).sign('ada');
    const access = createJwt(first.kt, { issuer: 'i', audience: 'a' }).sign({});
    await first.kt.close();
    const second = await start(DEV, { cwd });
    expect(invite(second).verify(token)).toMatchObject({ ok: true, payload: 'ada' });
    expect(createJwt(second.kt, { issuer: 'i', audience: 'a' }).verify(access).ok).toBe(true);
  });

  test('what it makes is 64 random bytes as 128 hex digits, another in each checkout', async () => {
    const folders = [newFolder(), newFolder()];
    for (const cwd of folders) await start(DEV, { cwd });
    const [one, two] = folders.map(made);
    expect(one).toMatch(/^[0-9a-f]{128}$/);
    expect(two).toMatch(/^[0-9a-f]{128}$/);
    expect(one).not.toBe(two);
  });

  test.skipIf(process.platform === 'win32')('only its owner can read it', async () => {
    const cwd = newFolder();
    await start(DEV, { cwd });
    expect(modeOf(join(cwd, '.keyturn/secret'))).toBe(0o600);
    expect(modeOf(join(cwd, '.keyturn'))).toBe(0o700);
  });

  test('git never sees it', async () => {
    const cwd = newFolder();
    execFileSync('git', ['init', '-q', cwd]);
    await start(DEV, { cwd });
    expect(existsSync(join(cwd, '.keyturn/secret'))).toBe(true);
    const status = execFileSync('git', ['-C', cwd, 'status', '--porcelain', '-uall'], { encoding: 'utf8' });
    expect(status).toBe('');
  });

  test('the log says that one was made, and never which', async () => {
    const cwd = newFolder();
    const { log } = await start(DEV, { cwd });
    expect(log.filter(({ facts }) => facts.event === 'secret.created')).toHaveLength(1);
    const secret = made(cwd);
    for (let at = 0; at + 12 <= secret.length; at += 4)
      expect(JSON.stringify(log)).not.toContain(secret.slice(at, at + 12));
  });

  test('production without one does not start, and says what to do', async () => {
    for (const env of [PROD, { NODE_ENV: 'production' }]) {
      const cwd = newFolder();
      await expect(start(env, { cwd })).rejects.toMatchObject({
        code: 'secret_missing',
        hint: expect.stringContaining(SECRET),
      });
      expect(readdirSync(cwd)).toEqual([]);
    }
  });

  test('a server on which somebody forgot to say production does not make one', async () => {
    for (const env of [{}, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, { NODE_ENV: 'staging' }]) {
      const cwd = newFolder();
      // No terminal either: neither its input nor its output is one.
      const ran = await command(['doctor', '--json'], { cwd, env });
      const { checks } = JSON.parse(ran.stdout) as { checks: { name: string; status: string }[] };
      expect(checks.find(({ name }) => name === 'signing_secret')?.status).toBe('fail');
      expect(ran.code).toBe(1);
      expect(readdirSync(cwd)).toEqual([]);
    }
  });

  test('a deployment that wipes the folder of the app keeps it, where KEYTURN_DATA_DIR lies elsewhere', async () => {
    const [cwd, KEYTURN_DATA_DIR] = [newFolder(), join(newFolder(), 'data')];
    const env = { ...DEV, KEYTURN_DATA_DIR };
    const token = invite(await start(env, { cwd })).sign('ada');
    rmSync(cwd, { recursive: true });
    mkdirSync(cwd);
    expect(invite(await start(env, { cwd })).verify(token).ok).toBe(true);
  });

  test('rotating with overlap: the former one verifies beside the new one', async () => {
    const token = invite(await start({ ...PROD, [SECRET]: OLDER })).sign('ada');
    const after = await start({ ...PROD, [SECRET]: STRONG, [PREVIOUS]: OLDER });
    expect(invite(after).verify(token)).toMatchObject({ ok: true, stale: true });
  });

  test('rotating without: everybody signs in again', async () => {
    const token = invite(await start({ ...PROD, [SECRET]: OLDER })).sign('ada');
    expect(invite(await start({ ...PROD, [SECRET]: STRONG })).verify(token)).toEqual(refused('unknown_key'));
  });

  test('a .jwt-secret file is taken over, and what it is for stays: access and refresh tokens', async () => {
    const cwd = newFolder();
    const secret = randomBytes(64).toString('hex');
    writeFileSync(join(cwd, '.jwt-secret'), secret, { mode: 0o600 });
    expect((await command(['import', '.jwt-secret'], { cwd, env: PROD })).code).toBe(0);
    const { kt } = await start(PROD, { cwd });
    const jwt = createJwt(kt, { issuer: 'i', audience: 'a' });
    expect(jwt.verify(jwt.sign({ role: 'admin' }))).toMatchObject({ ok: true, payload: { role: 'admin' } });
    const refresh = createRefreshTokens(kt, { store: memoryStore() });
    const { token } = await refresh.issue({ user: 'ada' });
    expect(await refresh.rotate(token)).toMatchObject({ ok: true, user: 'ada' });
  });
});

describe('002: a signing key for each day', () => {
  const day = { security: { keyring: { epoch: 'day' } } } as const;
  const farm = async (now: number, env: Record<string, string> = { ...PROD, [SECRET]: STRONG }) => {
    const clock = { now };
    return { clock, ...(await start(env, { config: day, clock: () => clock.now })) };
  };
  const NOON = Date.UTC(2026, 10, 20, 12);
  const MIDNIGHT = Date.UTC(2026, 10, 21);

  test('one secret that all servers share: what one signs any of them accepts', async () => {
    const servers = await Promise.all([1, 2, 3].map(() => start({ ...PROD, [SECRET]: STRONG })));
    for (const one of servers)
      for (const other of servers) expect(invite(other).verify(invite(one).sign('x')).ok).toBe(true);
  });

  test('the date of signing stands in every token', async () => {
    const server = await farm(NOON);
    const result = invite(server).verify(invite(server).sign('x'));
    expect(result).toMatchObject({ ok: true, issuedAt: new Date(NOON) });
  });

  test('a server signs with another key as soon as the date has changed', async () => {
    const server = await farm(MIDNIGHT - 1000);
    const plain = await start({ ...PROD, [SECRET]: STRONG }, { clock: () => server.clock.now });
    const macs = [0, 1000, DAY].map((later) => {
      server.clock.now = MIDNIGHT - 1000 + later;
      const [daily, lasting] = [server, plain].map((one) => invite(one).sign('x')) as [string, string];
      // The same token but for its signature: whoever verifies finds the key by its id, as ever.
      expect(daily.slice(0, -43)).toBe(lasting.slice(0, -43));
      return daily.slice(-43);
    });
    expect(new Set(macs).size).toBe(3);
  });

  test('the key of a day is derived from secret and date, by HMAC alone: any server can, in any language', async () => {
    const server = await farm(NOON);
    const token = invite(server).sign('x');
    const hkdf = (key: string | ArrayBuffer, info: string) =>
      hkdfSync('sha256', typeof key === 'string' ? key : new Uint8Array(key), '', info, 32);
    const ofDay = hkdf(STRONG, 'keyturn/v1/day/2026-11-20');
    const key = new Uint8Array(hkdf(ofDay, 'keyturn/v1/sign/invitation'));
    const [, signed, mac] = /^(.*)\.([^.]+)$/.exec(token) ?? [];
    expect(mac).toBe(
      createHmac('sha256', key)
        .update(signed as string)
        .digest('base64url'),
    );
  });

  test('nothing is stored, and servers that share nothing else agree', async () => {
    const folders = [newFolder(), newFolder()];
    const servers = await Promise.all(
      folders.map((cwd) => start({ ...PROD, [SECRET]: STRONG }, { cwd, config: day, clock: () => NOON })),
    );
    const [one, two] = servers as [Started, Started];
    expect(invite(two).verify(invite(one).sign('x')).ok).toBe(true);
    expect(folders.flatMap((cwd) => readdirSync(cwd))).toEqual([]);
  });

  test('at midnight many sign first at once, with clocks minutes apart, and all accept all', async () => {
    const servers = await Promise.all([-300_000, -1, 0, 1, 300_000].map((off) => farm(MIDNIGHT + off)));
    const tokens = servers.map((server) => invite(server).sign('x'));
    for (const server of servers)
      for (const token of tokens) expect(invite(server).verify(token).ok).toBe(true);
  });

  test('past days verify for as long as tokens live', async () => {
    const server = await farm(NOON);
    const token = invite(server).sign('x');
    server.clock.now = NOON + 29 * DAY;
    expect(invite(server).verify(token).ok).toBe(true);
    server.clock.now = NOON + 30 * DAY;
    expect(invite(server).verify(token)).toEqual(refused('expired'));
  });

  test('the secret comes from a variable of each server, or a file; production takes none from a checkout', async () => {
    const copies = await Promise.all(
      [newFolder(), newFolder()].map(async (cwd) => {
        writeFileSync(join(cwd, 'held'), STRONG, { mode: 0o600 });
        return await start({ ...PROD, [FILE]: join(cwd, 'held') });
      }),
    );
    const [one, two] = copies as [Started, Started];
    expect(invite(two).verify(invite(one).sign('x')).ok).toBe(true);
    const cwd = newFolder();
    writeFileSync(join(cwd, 'keyturn.toml'), `[security.signing_secret]\nsecret = "${STRONG}"\n`);
    await expect(start(PROD, { cwd })).rejects.toMatchObject({ code: expect.stringMatching(/secret/) });
  });
});

describe('003: what rotating breaks', () => {
  const ROOT = resolve(import.meta.dirname, '..');
  const page = readFileSync(join(ROOT, 'docs/rotation.md'), 'utf8');
  const section = (name: string) => page.split(`### ${name}\n`)[1]?.split(/\n##/)[0] ?? '';
  const rowsOf = (name: string) => [...section(name).matchAll(/^\| `([\w-]+)` \|(.*)\|$/gm)];

  test('everything that the secret is used for is listed, and nothing else is signed', async () => {
    const listed = rowsOf('Where the secret is used').map(([, purpose]) => purpose as string);
    const world = await World.open();
    const declared = ['download', 'draft'];
    const { rows } = await world.impact();
    expect([...listed, ...declared].sort()).toEqual(rows.map(({ purpose }) => purpose).sort());
    // Wherever the sources take a key of the ring, it is for one of them.
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join(ROOT, 'src', file), 'utf8'))
      .join('\n');
    const named = /\bown(?:Signer|Sealer)(?:<[^>]*>)?\('([\w-]+)'\)/g;
    // Sessions are of one kind for each way in which they travel.
    const ofSessions = /\bmake\(\w+, '([\w-]+)'\)/g;
    const taken = [named, ofSessions].flatMap((form) => [...sources.matchAll(form)].map(([, own]) => own));
    expect(taken).toEqual(
      expect.arrayContaining(['session', 'session-header', 'csrf', 'csrf-id', 'flash', 'url']),
    );
    const said = section('Where the secret is used');
    expect(taken.filter((own) => !said.includes(`\`${own}\``))).toEqual([]);
  });

  test('what each step ends is said on the page, in the words of the command', async () => {
    const world = await World.open();
    const { rows } = await world.impact('revoke', world.signs);
    const said = new Map(
      rowsOf('What each step does').map(([, purpose, cells]) => [purpose, cells as string]),
    );
    for (const { purpose, sees } of rows.filter((row) => !['download', 'draft'].includes(row.purpose)))
      expect(said.get(purpose)).toContain(sees);
    const { notAffected } = await world.impact();
    for (const line of notAffected) expect(section('What no step affects')).toContain(`- ${line}\n`);
  });

  test('a rotation ends nothing, a revocation ends signed cookies and password resets', async () => {
    const world = await World.open();
    const browser = await world.main.app.inject('/page');
    const cookie = [browser.headers['set-cookie']]
      .flat()
      .map((set) => set?.split(';')[0])
      .join('; ');
    const { token } = browser.json();
    const signIn = async () =>
      (
        await world.main.app.inject({
          method: 'POST',
          url: '/sign-in',
          headers: { cookie },
          payload: { user: 'ada', _csrf: token },
        })
      ).statusCode;
    const reset = world.main.keyturn.signer('password-reset');
    const link = reset.sign(42);
    const former = await world.rotate();
    expect([await signIn(), reset.verify(link)]).toMatchObject([200, { ok: true }]);
    await world.step('revoke', '--reason', 'it was in a screenshot', '--', former);
    expect([await signIn(), reset.verify(link)]).toMatchObject([403, refused('revoked_key')]);
  });

  test('what is said to be untouched is: passwords, sessions of other libraries, stored data', async () => {
    const world = await World.open();
    const { main } = world;
    const hash = (password: string) => scryptSync(password, 'salt', 32).toString('hex');
    const stored = hash('correct horse');
    const foreign = foreignSign('ada', 'a secret of its own');
    await main.blobs.put('notes.txt', Buffer.from('kept'), { type: 'text/plain' });
    const leaked = world.signs;
    await world.step('revoke', '--reason', 'leaked', '--', leaked);
    expect(hash('correct horse')).toBe(stored);
    expect(foreignUnsign(foreign, 'a secret of its own')).toBe('ada');
    const link = main.blobs.signedUrl('notes.txt');
    expect((await main.app.inject(link)).body).toBe('kept');
  });

  test('nobody keeps a leaked secret for fear: the report comes before the step, and changes nothing', async () => {
    const world = await World.open();
    const path = join(world.cwd, '.keyturn/keyring.json');
    const before = readFileSync(path, 'utf8');
    await world.impact('revoke', world.signs);
    const ran = await world.run('revoke', '--dry-run', '--reason', 'leaked', '--', world.signs);
    expect(ran.code).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  test('a secret that got into version control is found', async () => {
    const cwd = newFolder();
    execFileSync('git', ['init', '-q', cwd]);
    writeFileSync(join(cwd, 'held'), STRONG, { mode: 0o600 });
    const doctor = async () => {
      const ran = await command(['doctor', '--json'], { cwd, env: { ...PROD, [FILE]: 'held' } });
      const { checks } = JSON.parse(ran.stdout) as { checks: { name: string; status: string }[] };
      return checks.find(({ name }) => name === 'git')?.status;
    };
    expect(await doctor()).not.toBe('fail');
    execFileSync('git', ['-C', cwd, 'add', 'held']);
    expect(await doctor()).toBe('fail');
  });
});

describe('004: sessions through a rotation without downtime', () => {
  /** A folder with an array of keys, as a Docker secret is mounted. */
  function mounted(keys: readonly string[]): { readonly path: string; readonly env: Record<string, string> } {
    const path = join(newFolder(), 'session_keys.json');
    writeFileSync(path, JSON.stringify(keys), { mode: 0o600 });
    return { path, env: { ...DEV, [FILE]: path } };
  }

  const tokenIn = async (browser: Browser) => (await browser.cookie('keyturn.sid'))?.slice(4, 12);
  const kidOf = async (secret: string) => (await start({ ...PROD, [SECRET]: secret })).kt.keyring.keys[0]?.id;

  test('keys are hex in a JSON array, the newest first: it signs, all of them verify', async () => {
    const { env } = mounted([STRONG, OLDER, OLDEST]);
    const server = await start({ ...env, ...PROD });
    expect(statesOf(server)).toEqual(['active', 'retiring', 'retiring']);
    for (const secret of [STRONG, OLDER, OLDEST]) {
      const token = invite(await start({ ...PROD, [SECRET]: secret })).sign('x');
      expect(invite(server).verify(token)).toMatchObject({ ok: true, stale: secret !== STRONG });
    }
    expect(invite(server).sign('x').slice(4, 12)).toBe(await kidOf(STRONG));
  });

  test('an old session is signed again with the newest key on its next request, and goes on', async () => {
    const { path, env } = mounted([OLDER]);
    const { kt } = await start(env);
    const browser = new Browser((await listen(kt)).url);
    await browser.get('/sign-in');
    expect(await tokenIn(browser)).toBe(await kidOf(OLDER));
    REPLACED["by an editor's rename"]?.(path, JSON.stringify([STRONG, OLDER]));
    await until(() => kt.keyring.keys.length === 2);
    expect(await user(browser)).toBe('ada');
    expect(await tokenIn(browser)).toBe(await kidOf(STRONG));
    REPLACED["by an editor's rename"]?.(path, JSON.stringify([STRONG]));
    await until(() => kt.keyring.keys.length === 1);
    expect(await user(browser)).toBe('ada');
  });

  test('keys that cannot be loaded end the start: there is no fallback', async () => {
    for (const [content, code] of [
      [undefined, 'secret_unreadable'],
      ['', 'secret_empty'],
      ['[', expect.any(String)],
      ['[]', expect.any(String)],
    ] as const) {
      const path = join(newFolder(), 'session_keys.json');
      if (content !== undefined) writeFileSync(path, content);
      await expect(start({ ...DEV, [FILE]: path })).rejects.toMatchObject({ name: 'KeyturnError', code });
    }
  });

  test('the log says how many keys were loaded, from where, and none of them', async () => {
    const { env } = mounted([STRONG, OLDER]);
    const { log } = await start({ ...env, ...PROD });
    const [loaded] = log.filter(({ facts }) => facts.event === 'keyring.loaded');
    expect(loaded?.facts).toMatchObject({ count: 2, source: FILE, kids: expect.any(Array) });
    for (const secret of [STRONG, OLDER]) expect(JSON.stringify(log)).not.toContain(secret.slice(8, 24));
  });

  test('the cookie is HttpOnly, SameSite=Lax, for the whole site, Secure in production', async () => {
    const { env } = mounted([STRONG]);
    const { kt } = await start({ ...env, ...PROD });
    const { app } = await listen(kt);
    const [cookie] = [(await app.inject('/sign-in')).headers['set-cookie']].flat();
    for (const attribute of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax', 'Max-Age='])
      expect(cookie).toContain(`; ${attribute}`);
  });

  test('the four tasks are commands: generate, rotate, clean up, status', async () => {
    const generated = (await command(['generate'])).stdout.trim();
    expect(generated).toMatch(/^[0-9a-f]{64}$/);
    const cwd = newFolder();
    writeFileSync(join(cwd, 'session_keys.json'), JSON.stringify([generated]), { mode: 0o600 });
    expect((await command(['import', 'session_keys.json'], { cwd, env: PROD })).code).toBe(0);
    const world = await World.open();
    const former = world.signs;
    const status = async () => {
      const { keys } = JSON.parse(await world.command('status', '--json'));
      return keys.map(({ kid, state }: { kid: string; state: string }) => `${kid} ${state}`);
    };
    expect(await status()).toEqual([`${former} active`]);
    await world.step('rotate');
    world.advance(60);
    await world.step('promote');
    expect(await status()).toEqual([`${world.signs} active`, `${former} retiring`]);
    world.advance(31 * 86_400);
    await world.step('retire');
    expect(await status()).toEqual([`${world.signs} active`, `${former} retired`]);
    // When an audit asks when the keys were last rotated.
    expect(await world.command('history')).toMatch(/promote/);
  });

  test('no key ends up in git, or in a place that others can read', async () => {
    const cwd = newFolder();
    execFileSync('git', ['init', '-q', cwd]);
    expect((await command(['init'], { cwd, env: PROD })).code).toBe(0);
    const untracked = execFileSync('git', ['-C', cwd, 'status', '--porcelain', '-uall'], {
      encoding: 'utf8',
    });
    expect(untracked).not.toContain('keyring');
    expect((await command(['rotate'], { cwd, env: PROD })).code).toBe(0);
    if (process.platform !== 'win32') expect(modeOf(join(cwd, '.keyturn/keyring.json'))).toBe(0o600);
  });

  test('a server that runs all the while refuses nobody, from the first step to the last', async () => {
    const world = await World.open({ KEYTURN_SESSION__MAX_AGE: '90d' });
    const { app, keyturn } = world.main;
    const url = await app.listen({ port: 0, host: 'localhost' });
    const visitors = Array.from({ length: 10 }, () => new Browser(url.replace('127.0.0.1', 'localhost')));
    for (const visitor of visitors) {
      const { token } = (await visitor.get('/page')).json;
      expect((await visitor.post('/sign-in', { user: 'ada', _csrf: token })).status).toBe(200);
    }
    let over = false;
    const visits = visitors.map(() => 0);
    const refusals: string[] = [];
    const traffic = visitors.map(async (visitor, index) => {
      for (; !over; visits[index] = (visits[index] as number) + 1)
        if ((await user(visitor)) !== 'ada') refusals.push(`${index} at ${keyturn.health.generation}`);
    });
    // Everybody comes by between any two steps, and every day while a key waits to be retired.
    const daily = async () => {
      // Of two visits that end from now on, the second has begun since.
      const enough = visits.map((count) => count + 2);
      await until(() => visits.every((count, index) => count >= (enough[index] as number)));
    };
    const first = world.signs;
    const walk = async (...step: readonly string[]) => {
      await daily();
      world.advance(60);
      await world.step(...step);
      await daily();
    };
    await walk('stage');
    await walk('promote');
    const second = world.signs;
    await walk('rollback');
    expect(world.signs).toBe(first);
    await walk('promote', '--', second);
    const { safeAt } = await world.impact('retire', first);
    while (world.clock.now < Date.parse(safeAt as string)) {
      world.advance(86_400);
      await daily();
    }
    await walk('retire');
    over = true;
    await Promise.all(traffic);
    expect(refusals).toEqual([]);
    expect(keyturn.keyring.keys.map(({ id, state }) => [id, state])).toEqual([
      [second, 'active'],
      [first, 'retired'],
    ]);
    for (const visitor of visitors)
      expect((await visitor.cookie('__Host-keyturn.sid'))?.slice(4, 12)).toBe(second);
  });
});

describe('where they are wrong', () => {
  test('000 and 004: the new key signs at once, and a server that is behind refuses it. Here it verifies first', async () => {
    const behind = await start({ ...PROD, [SECRET]: OLDER });
    const naive = await start({ ...PROD, [SECRET]: STRONG, [PREVIOUS]: OLDER });
    expect(invite(behind).verify(invite(naive).sign('x'))).toEqual(refused('unknown_key'));
    // By variables: the first of the three deploys lets the new one verify.
    const deploys = [
      { [SECRET]: OLDER },
      { [SECRET]: OLDER, [NEXT]: STRONG },
      { [SECRET]: STRONG, [PREVIOUS]: OLDER },
      { [SECRET]: STRONG },
    ];
    const servers = await Promise.all(deploys.map((variables) => start({ ...PROD, ...variables })));
    // One after the other: at any time some servers are a deploy behind. Only the last waits for tokens to expire.
    for (let at = 0; at + 1 < servers.length; at++) {
      const [earlier, later] = [servers[at], servers[at + 1]] as [Started, Started];
      expect(invite(earlier).verify(invite(later).sign('x')).ok).toBe(true);
      if (at < 2) expect(invite(later).verify(invite(earlier).sign('x')).ok).toBe(true);
    }
    // By a document: a command will not let it sign before.
    const world = await World.open();
    await world.step('stage');
    world.advance(59);
    expect(await world.run('promote')).toMatchObject({ code: 3, stdout: '' });
    world.advance(1);
    expect(await world.run('promote')).toMatchObject({ code: 0 });
  });

  test('000: going back logs out those who signed in meanwhile. Here it does not', async () => {
    const world = await World.open();
    const former = await world.rotate();
    const token = world.main.keyturn.signer('invitation').sign('signed in meanwhile');
    await world.step('rollback');
    expect(world.signs).toBe(former);
    expect(world.main.keyturn.signer('invitation').verify(token)).toMatchObject({ ok: true });
    // With variables the two are swapped.
    const newer = invite(await start({ ...PROD, [SECRET]: STRONG, [PREVIOUS]: OLDER })).sign('x');
    expect(invite(await start({ ...PROD, [SECRET]: OLDER, [PREVIOUS]: STRONG })).verify(newer).ok).toBe(true);
  });

  test('000 says a day, 004 a week: the time to wait is computed from what is signed', async () => {
    const graceOf = async (settings: Record<string, string>) => {
      const world = await World.open(settings);
      const former = await world.rotate();
      const { safeAt } = await world.impact('retire', former);
      return (Date.parse(safeAt as string) - world.clock.now) / DAY;
    };
    const plain = await graceOf({});
    expect(plain).toBeGreaterThan(30);
    expect(plain).toBeLessThan(30.1);
    expect(await graceOf({ KEYTURN_PURPOSES__DOWNLOAD__MAX_AGE: '45d' })).toBeGreaterThan(45);
  });

  test('000 and 001: the length alone. Here 32 times the same letter and 32 hex digits are refused', async () => {
    for (const secret of ['a'.repeat(32), STRONG.slice(0, 32), 'changeme'.repeat(4), 'short'])
      await expect(start({ ...PROD, [SECRET]: secret })).rejects.toMatchObject({ code: 'secret_weak' });
    // 32 bytes, however they are written.
    const bytes = randomBytes(32);
    for (const secret of [bytes.toString('hex'), bytes.toString('base64url')])
      await expect(start({ ...PROD, [SECRET]: secret })).resolves.toBeDefined();
  });

  test('004: a key of 26 bytes hides behind a good one. Here every key counts', async () => {
    const path = join(newFolder(), 'session_keys.json');
    writeFileSync(path, JSON.stringify([STRONG, randomBytes(26).toString('hex')]), { mode: 0o600 });
    await expect(start({ ...PROD, [FILE]: path })).rejects.toMatchObject({ code: 'secret_weak' });
  });

  test('004: cleaning up removes the last element, whatever it is. Here an unsafe removal is refused', async () => {
    const world = await World.open();
    await world.rotate();
    const early = await world.run('retire');
    expect(early.code).toBe(3);
    expect(early.stderr).toMatch(/hint: .*safe/);
    const path = join(newFolder(), 'keys.json');
    writeFileSync(path, JSON.stringify([STRONG, OLDER]), { mode: 0o600 });
    // An array knows no dates, so nothing can tell: it has to become a document first.
    const ran = await command(['retire'], { env: { ...PROD, [FILE]: path } });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('keyturn import');
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual([STRONG, OLDER]);
  });

  test('000 and 001: one raw key for everything. Here no token passes for one of another purpose', async () => {
    const server = await start({ ...PROD, [SECRET]: STRONG });
    const { kt } = server;
    const others = ['password-reset', 'email-verification'] as const;
    const token = invite(server).sign('x');
    for (const other of others) expect(kt.signer(other).verify(token)).toEqual(refused('bad_signature'));
    const jwt = createJwt(kt, { issuer: 'i', audience: 'a' });
    expect(jwt.verify(token).ok).toBe(false);
    expect(invite(server).verify(jwt.sign({})).ok).toBe(false);
    // Nor is anything signed with the secret itself.
    const [, signed, mac] = /^(.*)\.([^.]+)$/.exec(jwt.sign({})) ?? [];
    expect(mac).not.toBe(
      createHmac('sha256', STRONG)
        .update(signed as string)
        .digest('base64url'),
    );
  });

  test('000 forgets the key of development with each start, 001 keeps it: here it is kept unless told not to', async () => {
    const env = { ...DEV, KEYTURN_SECURITY__SIGNING_SECRET__DEV_SECRET: 'ephemeral' };
    const cwd = newFolder();
    const token = invite(await start(env, { cwd })).sign('x');
    expect(invite(await start(env, { cwd })).verify(token).ok).toBe(false);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('001 lets production use the file that development made: here it must be named', async () => {
    const cwd = newFolder();
    const token = invite(await start(DEV, { cwd })).sign('x');
    await expect(start(PROD, { cwd })).rejects.toMatchObject({ code: 'secret_missing' });
    const named = await start({ ...PROD, [FILE]: '.keyturn/secret' }, { cwd });
    expect(invite(named).verify(token).ok).toBe(true);
  });

  test('002 renews each day against a break-in: here that is off by default, and revoking is at once', async () => {
    const clock = { now: Date.UTC(2026, 10, 20) };
    const server = await start({ ...PROD, [SECRET]: STRONG }, { clock: () => clock.now });
    const same = await start(
      { ...PROD, [SECRET]: STRONG, KEYTURN_SECURITY__KEYRING__EPOCH: 'none' },
      { clock: () => clock.now },
    );
    expect(invite(server).sign('x')).toBe(invite(same).sign('x'));
    // No wait, with tokens alive: what the attacker could sign is refused from the next request on.
    const world = await World.open();
    const { keyturn } = world.main;
    const stolen = keyturn.signer('invitation').sign('forged');
    await world.step('revoke', '--reason', 'break-in', '--', world.signs);
    expect(keyturn.signer('invitation').verify(stolen)).toEqual(refused('revoked_key'));
    expect(keyturn.signer('invitation').verify(keyturn.signer('invitation').sign('new')).ok).toBe(true);
  });

  test('002 shares a random key through a database that can be read: the key of a day is never written down', async () => {
    const world = await World.open({ KEYTURN_SECURITY__KEYRING__EPOCH: 'day' });
    world.main.keyturn.signer('invitation').sign('x');
    const [parent] = JSON.parse(readFileSync(join(world.cwd, '.keyturn/keyring.json'), 'utf8')).keys;
    const date = new Date(world.clock.now).toISOString().slice(0, 10);
    const child = Buffer.from(hkdfSync('sha256', parent.secret, '', `keyturn/v1/day/${date}`, 32));
    const files = readdirSync(world.cwd, { recursive: true, encoding: 'utf8' })
      .map((file) => join(world.cwd, file))
      .filter((file) => statSync(file).isFile());
    for (const file of files)
      for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const)
        expect(readFileSync(file, 'latin1')).not.toContain(child.toString(encoding));
  });

  test('what they leave open, an unknown secret of the next deploy, is refused as such', async () => {
    const ahead = invite(await start({ ...PROD, [SECRET]: COMING })).sign('x');
    expect(invite(await start({ ...PROD, [SECRET]: STRONG })).verify(ahead)).toEqual(refused('unknown_key'));
  });
});
