// A request is forgotten when it is over, without a full collection. What gives each object a shape of its own, as
// accessors in an object literal do, or a weak map whose value leads to its key, would keep every request until then:
// collections cost more than the sessions, and memory grows in between.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Hono } from 'hono';
import { expect, onTestFinished, test } from 'vitest';
import keyturnHono from '../../src/adapters/hono/index.js';
import { openHttp } from '../../src/adapters/http/index.js';
import { createKeyturn } from '../../src/index.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;

const REQUESTS = 4000;
/** Bytes for each request. One that is left behind has several times as much; compiled code takes some of this. */
const MOST = 500;

async function keyturn() {
  const made = await createKeyturn({
    profile: 'test',
    env: {
      KEYTURN_SECURITY__SIGNING_SECRET: '0f6a1c9be2d4783051a6c7d8e9f0b1a2c3d4e5f60718293a4b5c6d7e8f901234',
    },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  onTestFinished(() => made.close());
  return made;
}

/** Bytes that only a full collection frees. */
function old(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) =>
    /^(old|map|large_object)_/.test(name),
  );
  return spaces.reduce((sum, { space_used_size: size }) => sum + size, 0);
}

const ROUNDS = 4;

/**
 * How many bytes a request leaves behind. Code that is compiled meanwhile, later on a machine that has other work, takes
 * some in the round that it falls into. What a request leaves it leaves in every round.
 */
async function leftBy(request: () => unknown): Promise<number> {
  for (let n = 0; n < REQUESTS; n++) await request();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    collect();
    const before = old();
    for (let n = 0; n < REQUESTS; n++) await request();
    collect({ type: 'minor' });
    collect({ type: 'minor' });
    least = Math.min(least, (old() - before) / REQUESTS);
  }
  return least;
}

test('a visit', async () => {
  const http = await openHttp({ keyturn: await keyturn() });
  const answer = (cookie: string | undefined) => {
    const fields = new Map<string, string>();
    const request = { method: 'GET', header: (name: string) => (name === 'cookie' ? cookie : undefined) };
    const visit = http.visit({ ...request, host: 'localhost', https: false });
    const headers = {
      keys: () => fields.keys(),
      get: (name: string) => fields.get(name),
      set: (name: string, value: string) => void fields.set(name, value),
      append: (name: string, value: string) => void fields.set(name, value),
    };
    if (cookie === undefined) visit.session.name = 'Ada';
    expect(visit.session.name).toBe('Ada');
    visit.finish(headers);
    visit.guard(headers);
    visit.end();
    return fields.get('set-cookie')?.split(';')[0];
  };
  const cookie = answer(undefined);
  expect(await leftBy(() => answer(cookie))).toBeLessThan(MOST);
});

test('a context of Hono', async () => {
  const middleware = keyturnHono({ keyturn: await keyturn() });
  await middleware.ready();
  const app = new Hono().use(middleware);
  app.get('/login', (c) => {
    c.var.session.name = 'Ada';
    return c.text('ok');
  });
  app.get('/', (c) => c.text(`Hello ${c.var.session.name}`));
  const login = await app.request('/login');
  const cookie = login.headers.get('set-cookie')?.split(';')[0] as string;
  expect(await (await app.request('/', { headers: { cookie } })).text()).toBe('Hello Ada');
  const bare = new Hono().use(async (_c, next) => await next()).get('/', (c) => c.text('Hello Ada'));
  // Hono's own requests of Fetch leave something, too.
  const left = await leftBy(() => bare.request('/', { headers: { cookie } }));
  expect(await leftBy(() => app.request('/', { headers: { cookie } }))).toBeLessThan(left + 2 * MOST);
});
