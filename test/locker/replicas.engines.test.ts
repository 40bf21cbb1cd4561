// Two replicas of Locker, started with one secret and one engine: what one hands out the other takes.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { Browser } from '../support/browser.js';
import { cutTo, ownPrefix, ownSchema } from '../support/engines.js';
import { until } from '../support/waiting.js';
import { newFolder, startLocker, type Variables } from './process.js';
import {
  JSON_PLEASE,
  listFiles,
  messagesIn,
  sendForm,
  signIn,
  signOut,
  tokenIn,
  upload,
  whoAmI,
} from './visit.js';

const PASSWORD = 'correct horse';
const SECRET = randomBytes(32).toString('hex');

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** Replicas report in the engine as long as they run: they have to end before its place is removed. */
const running: Array<Awaited<ReturnType<typeof startLocker>>> = [];

async function start(env: Variables) {
  const locker = await startLocker({ env });
  running.push(locker);
  return locker;
}

async function end(place: Place): Promise<void> {
  await Promise.all(running.splice(0).map((locker) => locker.running && locker.stop('SIGTERM')));
  await place.drop();
}

interface Place {
  /** What the two commands of a deployment say, and a place of its own in the engine. */
  readonly env: Variables;
  readonly url: string;
  drop(): Promise<void>;
}

const ENGINES = [
  [
    'redis',
    async (): Promise<Place> => {
      const prefix = ownPrefix();
      const url = inject('redisUrl');
      const env = {
        KEYTURN_ENV: 'prod',
        KEYTURN_SECURITY__SIGNING_SECRET: SECRET,
        KEYTURN_SESSION__BACKEND: 'redis',
        KEYTURN_SESSION__REDIS__URL: url,
        KEYTURN_SESSION__REDIS__PREFIX: prefix,
      };
      const drop = async () => {
        const client = await createClient({ url }).connect();
        const keys = await client.keys(`${prefix}*`);
        if (keys.length > 0) await client.del(keys);
        client.destroy();
      };
      return { env, url, drop };
    },
  ],
  [
    'postgres',
    async (): Promise<Place> => {
      const { schema, drop } = await ownSchema(inject('postgresUrl'));
      const url = new URL(inject('postgresUrl'));
      // For the tables of the fleet too.
      url.searchParams.set('options', `-c search_path=${schema}`);
      const env = {
        KEYTURN_ENV: 'prod',
        KEYTURN_SECURITY__SIGNING_SECRET: SECRET,
        KEYTURN_SESSION__BACKEND: 'postgres',
        KEYTURN_SESSION__POSTGRES__URL: url.href,
        KEYTURN_SESSION__POSTGRES__TABLE: `${schema}.sessions`,
      };
      return { env, url: url.href, drop };
    },
  ],
] as const;

describe.each(ENGINES)('two replicas with sessions in %s', (name, open) => {
  let place: Place;
  let env: Variables;
  let urls: readonly [string, string];

  beforeAll(async () => {
    place = await open();
    // What production Locker wants besides: a password, and one folder of files for both.
    env = { ...place.env, LOCKER_PASSWORD: PASSWORD, LOCKER_DATA_DIR: newFolder() };
    const [one, other] = await Promise.all([start(env), start(env)]);
    urls = [one.url, other.url];
  });
  afterAll(() => end(place));

  /** One person, on both. */
  function person(): readonly [Browser, Browser] {
    const browser = new Browser(urls[0]);
    return [browser, new Browser(urls[1], browser.jar)];
  }

  test('a session begun on one goes on on the other, and so does its end', async () => {
    const [here, there] = person();
    await signIn(here, 'ada', PASSWORD);
    expect([await whoAmI(here), await whoAmI(there)]).toEqual(['ada', 'ada']);
    const copy = { cookie: `__Host-keyturn.sid=${await here.cookie('__Host-keyturn.sid')}` };
    await signOut(there);
    expect(await whoAmI(here)).toBeUndefined();
    for (const url of urls) expect((await new Browser(url).get('/me', copy)).status).toBe(401);
  });

  test('a form of one is accepted by the other, signed in or not', async () => {
    const [here, there] = person();
    const _csrf = tokenIn((await here.get('/')).text);
    const signedIn = await there.ask('/login', {
      method: 'POST',
      form: { username: 'ada', password: PASSWORD, _csrf },
    });
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/']);
    expect(messagesIn((await here.get('/')).text)).toEqual(['Welcome! You are signed in.']);
    const form = { _csrf: tokenIn((await here.get('/')).text) };
    expect((await there.ask('/logout', { method: 'POST', form })).status).toBe(303);
    expect(await whoAmI(here)).toBeUndefined();
  });

  test('a signed link of one works on the other', async () => {
    const [here, there] = person();
    await signIn(here, 'ada', PASSWORD);
    expect((await upload(here, 'notes.txt', 'of ada')).status).toBe(303);
    const [file] = await listFiles(there);
    expect(file?.name).toBe('notes.txt');
    for (const [from, to] of [
      [here, urls[1]],
      [there, urls[0]],
    ] as const) {
      const [{ url } = { url: '' }] = await listFiles(from);
      const shared = await new Browser(to).get(url);
      expect([shared.status, shared.text]).toEqual([200, 'of ada']);
    }
    const share = `/files/${file?.id}/notes.txt/share`;
    const link = new URL((await sendForm(here, share, share, { for: '1h' }, JSON_PLEASE)).json.url);
    const page = await new Browser(urls[1]).get(link.pathname + link.search);
    expect([page.status, page.text.includes('notes.txt')]).toEqual([200, true]);
  });

  test('a refresh token of one is taken by the other', async () => {
    const form = { username: 'robot', password: PASSWORD };
    const issued = await new Browser(urls[0]).ask('/api/token', { method: 'POST', form });
    const refresh = { refresh_token: issued.json.refresh_token };
    const next = await new Browser(urls[1]).ask('/api/token/refresh', { method: 'POST', form: refresh });
    expect(next.status).toBe(200);
    const headers = { authorization: `Bearer ${next.json.access_token}` };
    expect((await new Browser(urls[0]).get('/api/me', headers)).json).toEqual({ user: 'robot' });
  });

  test('the engine gone for a while: a page that says so, nobody is signed out, ready but degraded', async () => {
    const variable = `KEYTURN_SESSION__${name.toUpperCase()}__URL`;
    const url = new URL(place.url);
    const proxy = await cutTo(Number(url.port) || (name === 'redis' ? 6379 : 5432), url.hostname);
    cleanups.push(() => proxy.close());
    url.host = `127.0.0.1:${proxy.port}`;
    const locker = await start({ ...env, [variable]: url.href });
    const browser = new Browser(locker.url);
    await signIn(browser, 'ada', PASSWORD);
    const ready = () => new Browser(locker.url).get('/readyz');
    expect((await ready()).json).toMatchObject({ status: 'ready', sessions: 'ok' });

    proxy.cut();
    await until(async () => (await browser.get('/')).status === 503);
    const page = await browser.get('/');
    expect(page.text).toContain('<h1>Locker cannot answer right now</h1>');
    expect([page.headers.get('retry-after'), page.setCookies]).toEqual(['5', []]);
    expect(page.text).not.toMatch(/ECONN|127\.0\.0\.1:\d|keyturn|sessions/);
    expect((await browser.get('/', JSON_PLEASE)).json).toEqual({ error: 'Locker cannot answer right now' });
    expect((await new Browser(locker.url).get('/')).status).toBe(200);
    const during = await ready();
    expect([during.status, during.json]).toMatchObject([
      200,
      { status: 'degraded', sessions: 'unreachable' },
    ]);

    proxy.mend();
    await until(async () => (await browser.get('/me')).status === 200);
    expect(await whoAmI(browser)).toBe('ada');
    await until(async () => (await ready()).json.status === 'ready');
    expect(await locker.stop('SIGTERM')).toBe(0);
  });

  test('the engine gone at the start: it starts, and is well when the engine is', async () => {
    const variable = `KEYTURN_SESSION__${name.toUpperCase()}__URL`;
    const url = new URL(place.url);
    const proxy = await cutTo(Number(url.port) || (name === 'redis' ? 6379 : 5432), url.hostname);
    cleanups.push(() => proxy.close());
    url.host = `127.0.0.1:${proxy.port}`;
    const [here] = person();
    await signIn(here, 'ada', PASSWORD);
    proxy.cut();
    const locker = await start({ ...env, [variable]: url.href });
    const there = new Browser(locker.url, here.jar);
    expect((await there.get('/me')).status).toBe(503);
    proxy.mend();
    await until(async () => (await there.get('/me')).status === 200);
    expect(await whoAmI(there)).toBe('ada');
    expect(await locker.stop('SIGTERM')).toBe(0);
  });
});

describe('a new password', () => {
  const DEV = { KEYTURN_ENV: 'dev', KEYTURN_SECURITY__SIGNING_SECRET: SECRET };
  let place: Place;
  beforeAll(async () => {
    place = await ENGINES[0][1]();
  });
  afterAll(() => end(place));

  /** Replicas with the same sessions, and where each of them keeps its files and accounts. */
  async function replicas(...folders: readonly string[]): Promise<readonly string[]> {
    const start = (LOCKER_DATA_DIR: string) =>
      startLocker({ env: { ...place.env, ...DEV, LOCKER_DATA_DIR } });
    return (await Promise.all(folders.map(start))).map(({ url }) => url);
  }

  /** @returns the path of the link, which is used up */
  async function choose(url: string | undefined, user: string, password: string): Promise<string> {
    const browser = new Browser(url as string);
    const asked = { username: user };
    const { link } = (await sendForm(browser, '/password-reset', '/password-reset', asked, JSON_PLEASE)).json;
    const path = new URL(link).pathname;
    expect((await sendForm(browser, path, path, { password })).status).toBe(303);
    return path;
  }

  test('counts on every replica that shares the folder, and ends the sessions from before there too', async () => {
    const folder = newFolder();
    const [one, other] = (await replicas(folder, folder)) as [string, string];
    const browser = new Browser(other);
    await signIn(browser, 'ada');
    const link = await choose(one, 'ada', 'a fine new one');
    await until(async () => (await whoAmI(browser)) === undefined);
    expect((await browser.get(link)).status).toBe(403);
    await signIn(browser, 'ada', 'locker');
    expect(await whoAmI(browser)).toBeUndefined();
    await signIn(browser, 'ada', 'a fine new one');
    expect([await whoAmI(browser), await whoAmI(new Browser(one, browser.jar))]).toEqual(['ada', 'ada']);
  });

  test('chosen on two replicas at once, for two users, counts for both', async () => {
    const folder = newFolder();
    const urls = await replicas(folder, folder);
    for (let round = 0; round < 5; round++) {
      const users = [`ada${round}`, `grace${round}`];
      await Promise.all(users.map((user, n) => choose(urls[n], user, `${user} chose it`)));
    }
    await until(() => JSON.parse(readFileSync(join(folder, 'accounts.json'), 'utf8')).length === 10);
  });

  test('signs nobody out of a replica that knows nothing of it', async () => {
    const [one, other] = (await replicas(newFolder(), newFolder())) as [string, string];
    await choose(one, 'ada', 'a fine new one');
    const browser = new Browser(one);
    await signIn(browser, 'ada', 'a fine new one');
    expect([await whoAmI(new Browser(other, browser.jar)), await whoAmI(browser)]).toEqual(['ada', 'ada']);
  });
});
