import { type Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { describe, expect, test, vi } from 'vitest';
import type { KeyturnEnv, KeyturnHonoOptions } from '../../src/adapters/hono/index.js';
import * as adapter from '../../src/adapters/hono/index.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { honoDriver } from '../contract/drivers/hono.mjs';
import { registerHttpContract } from '../contract/http-contract.js';
import { memoryLogger, testClock, testKeyturn } from '../support/keyturn.js';

registerHttpContract('hono', honoDriver({ Hono, HTTPException }, adapter));

const { default: keyturn, csrf } = adapter;
const CLOCK = testClock();

function signIn(c: Context<KeyturnEnv>) {
  c.var.session.user = 'ada';
  return c.text('in');
}

async function make(options: Pick<KeyturnHonoOptions, 'csrf' | 'store'> = {}) {
  const logger = memoryLogger();
  const kt = await testKeyturn({ logger, clock: CLOCK });
  const app = new Hono<KeyturnEnv>().use(keyturn({ keyturn: kt, ...options }));
  const warned = () => logger.records.filter(({ level }) => level === 'warn').map(({ facts }) => facts.event);
  return { app, warned };
}

/** The `Cookie` header that a browser would send after this answer. */
const carry = (response: Response) =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');

describe('hono: variables', () => {
  test('are beside those of the app, however they are read', async () => {
    const { app } = await make();
    app.get('/', (c) => {
      (c.set as (name: string, value: unknown) => void)('user', 'ada');
      const { session, flash, csrfToken, checkCsrf, ...others } = c.var;
      expect(c.get('session')).toBe(session);
      expect([typeof flash, typeof csrfToken(), typeof checkCsrf]).toEqual([
        'function',
        'string',
        'function',
      ]);
      return c.json({ others, got: (c.get as (name: string) => unknown)('user') });
    });
    expect(await (await app.request('/')).json()).toEqual({ others: { user: 'ada' }, got: 'ada' });
  });

  test('cost nothing where nobody reads them', async () => {
    const { app } = await make();
    const response = new Response('ok');
    app.get('/', () => response);
    const answer = await app.request('/');
    expect(answer).toBe(response);
    expect([...answer.headers.keys()]).toEqual(['content-type']);
  });

  test('the session cannot be replaced', async () => {
    const { app } = await make();
    app.get('/', (c) => {
      expect(() => c.set('session', null as never)).toThrow(/c\.var\.session cannot be replaced/);
      return c.text('ok');
    });
    expect((await app.request('/')).status).toBe(200);
  });
});

describe('hono: answers', () => {
  test.each<[what: string, response: () => Response, status: number]>([
    ['Response.redirect()', () => Response.redirect('https://a.example/', 303), 303],
    ['no body', () => new Response(null, { status: 204 }), 204],
    ['a stream', () => new Response(new Blob(['text']).stream()), 200],
  ])('a session is saved before %s goes out', async (_what, response, status) => {
    const { app } = await make({ store: memoryStore({ clock: CLOCK.read }) });
    app.get('/', (c) => {
      c.header('x-own', 'kept');
      c.var.session.user = 'ada';
      return response();
    });
    app.get('/who', (c) => c.json(c.var.session.user));
    const answer = await app.request('/');
    expect([answer.status, answer.headers.getSetCookie().length]).toEqual([status, 1]);
    expect(await (await app.request('/who', { headers: { cookie: carry(answer) } })).json()).toBe('ada');
  });

  test('an error of a handler ends in onError, and whoever signed out is signed out', async () => {
    const { app } = await make({ store: memoryStore({ clock: CLOCK.read }), csrf: 'manual' });
    app.get('/in', signIn);
    app.get('/out', (c) => {
      c.var.session.destroy();
      throw new Error('after');
    });
    app.onError((_error, c) => c.text('failed', 500));
    const cookie = carry(await app.request('/in'));
    const answer = await app.request('/out', { headers: { cookie } });
    expect([answer.status, await answer.text()]).toEqual([500, 'failed']);
    expect(answer.headers.getSetCookie()).toEqual([expect.stringContaining('Max-Age=0')]);
  });

  test('a store that is away is 503 with Retry-After, and nothing runs', async () => {
    const store = memoryStore({ clock: CLOCK.read });
    const { app } = await make({ store });
    const run = vi.fn();
    app.get('/in', signIn);
    app.get('/', run);
    const cookie = carry(await app.request('/in'));
    vi.spyOn(store, 'get').mockRejectedValue(Object.assign(new Error('gone'), { code: 'ECONNREFUSED' }));
    const answer = await app.request('/', { headers: { cookie } });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(run).not.toHaveBeenCalled();
  });

  test('one response for many visitors carries the session of none of them in a header field', async () => {
    const kt = await testKeyturn({ config: { session: { header: 'x-session' } } });
    const SHARED = new Response(null, { status: 204 });
    const app = new Hono<KeyturnEnv>().use(keyturn({ keyturn: kt }));
    app.get('/in', (c) => {
      c.var.session.user = 'ada';
      return SHARED;
    });
    app.get('/', () => SHARED);
    const headers = { 'x-session': '' };
    expect((await app.request('/in', { headers })).headers.get('x-session')).toMatch(/^kt1\./);
    expect((await app.request('/', { headers })).headers.get('x-session')).toBeNull();
    expect(SHARED.headers.get('x-session')).toBeNull();
  });

  test('used twice, as by an app within an app, it is one', async () => {
    const kt = await testKeyturn();
    const app = new Hono<KeyturnEnv>().use(keyturn({ keyturn: kt }));
    const inner = new Hono<KeyturnEnv>().use(keyturn({ keyturn: kt }));
    inner.get('/', signIn);
    app.route('/inner', inner);
    expect((await app.request('/inner')).headers.getSetCookie()).toHaveLength(1);
  });
});

describe('hono: CSRF', () => {
  async function page(
    routes: (app: Hono<KeyturnEnv>) => void,
    options: Pick<KeyturnHonoOptions, 'csrf'> = {},
  ) {
    const { app, warned } = await make(options);
    app.get('/', (c) => c.text(c.var.csrfToken()));
    routes(app);
    const made = await app.request('/');
    const [token, cookie] = [await made.text(), carry(made)];
    const post = async (path: string, body?: FormData, headers: Record<string, string> = {}) =>
      (await app.request(path, { method: 'POST', headers: { cookie, ...headers }, ...(body && { body }) }))
        .status;
    return { token, post, warned };
  }

  test('every unsafe request is checked, and the handler has its form', async () => {
    const { token, post, warned } = await page((app) => {
      app.post('/', async (c) =>
        c.text((await c.req.formData().catch(() => new FormData())).has('_csrf') ? 'yes' : 'no'),
      );
    });
    const form = new FormData();
    form.set('_csrf', token);
    const header = { 'x-csrf-token': token };
    expect([await post('/'), await post('/', form), await post('/', undefined, header)]).toEqual([
      403, 200, 200,
    ]);
    expect(warned()).toEqual(['csrf.refused']);
  });

  test('a form that somebody has parsed before is looked into as Hono kept it', async () => {
    const { token } = await page(() => {});
    const kt = await testKeyturn();
    const app = new Hono<KeyturnEnv>();
    app.use(async (c, next) => {
      if (c.req.method === 'POST') await c.req.parseBody();
      await next();
    });
    app.use(keyturn({ keyturn: kt }));
    app.get('/', (c) => c.text(c.var.csrfToken()));
    app.post('/', (c) => c.text('ok'));
    const made = await app.request('/');
    const body = new FormData();
    body.set('_csrf', await made.text());
    const ask = async () =>
      (await app.request('/', { method: 'POST', headers: { cookie: carry(made) }, body })).status;
    expect(await ask()).toBe(200);
    body.set('_csrf', token);
    expect(await ask()).toBe(403);
  });

  test('"manual" leaves it to the app, and csrf() protects a route', async () => {
    const { token, post } = await page(
      (app) => {
        app.post('/webhook', (c) => c.text('ok'));
        app.post('/form', csrf(), (c) => c.text('ok'));
        app.post('/own', (c) => {
          c.var.checkCsrf(c.req.query('token'));
          return c.text('ok');
        });
      },
      { csrf: 'manual' },
    );
    expect([await post('/webhook'), await post('/form'), await post('/own')]).toEqual([200, 403, 403]);
    expect(await post(`/own?token=${token}`)).toBe(200);
  });

  test('csrf() without the middleware is an error of the program', async () => {
    const app = new Hono<KeyturnEnv>().post('/', csrf(), (c) => c.text('ok'));
    app.onError((error, c) => c.text(error.message, 500));
    expect(await (await app.request('/', { method: 'POST' })).text()).toMatch(
      /has not passed through Keyturn/,
    );
  });

  test('options that nobody knows are refused at once', () => {
    for (const wrong of [{ secret: 'x' }, { csrf: false }])
      expect(() => keyturn(wrong as never)).toThrow(expect.objectContaining({ code: 'argument_invalid' }));
  });
});
