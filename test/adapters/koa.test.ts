// The middleware for Koa 3 and 2: the shared suite, and what users of Koa and koa-session know.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { bodyParser } from '@koa/bodyparser';
import Koa3 from 'koa';
// @ts-expect-error: it has no types under this name
import Koa2 from 'koa2';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { KeyturnKoaOptions } from '../../src/adapters/koa/index.js';
import * as adapter from '../../src/adapters/koa/index.js';
import { KeyturnError } from '../../src/errors.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { koaDriver } from '../contract/drivers/koa.mjs';
import { registerHttpContract } from '../contract/http-contract.js';
import { Browser } from '../support/browser.js';
import { memoryLogger, testClock, testKeyturn } from '../support/keyturn.js';

const { default: keyturn, csrf } = adapter;

const VERSIONS = [
  ['Koa 3', Koa3],
  ['Koa 2', Koa2 as typeof Koa3],
] as const;

async function listen(app: Koa3): Promise<[string, () => Promise<void>]> {
  const server = createServer(app.callback());
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return [`http://localhost:${(server.address() as AddressInfo).port}`, close];
}

/** Routes by method and path, as a router has them. */
const at =
  (method: string, path: string, run: Koa3.Middleware): Koa3.Middleware =>
  (ctx, next) =>
    (ctx.method === method || (ctx.method === 'HEAD' && method === 'GET')) && ctx.path === path
      ? run(ctx, next)
      : next();

for (const [name, Koa] of VERSIONS) {
  registerHttpContract(name, koaDriver(Koa, bodyParser, adapter));

  describe(`${name}:`, () => {
    type Options = Partial<KeyturnKoaOptions> & {
      readonly forms?: boolean;
      readonly outside?: Koa3.Middleware;
    };

    /** An app, somebody who visits it, what was logged, and the errors that reached the app. */
    async function make(build: (app: Koa3) => void, { forms = true, outside, ...options }: Options = {}) {
      const logger = memoryLogger();
      const { keyturn: kt } = { keyturn: await testKeyturn({ logger }), ...options };
      const app = new Koa();
      const errors: any[] = [];
      app.on('error', (error) => errors.push(error));
      if (outside !== undefined) app.use(outside);
      if (forms) app.use(bodyParser());
      const middleware = keyturn({ ...options, keyturn: kt });
      app.use(middleware);
      build(app);
      const [url, close] = await listen(app);
      onTestFinished(close);
      expect(await middleware.ready()).toBe(kt);
      return { browser: new Browser(url), logger, errors };
    }

    const stores = [
      ['the cookie', () => ({})],
      ['a store', () => ({ store: memoryStore({ clock: testClock().read }) })],
    ] as const;

    describe.each(stores)('sessions in %s', (_where, options) => {
      const show = at('GET', '/', (ctx) => {
        ctx.body = { ...ctx.session };
      });

      test('null ends one, an object takes the place of its data', async () => {
        const { browser } = await make((app) => {
          app.use(show);
          app.use(
            at('GET', '/set', (ctx) => {
              ctx.session.user = 'ada';
              ctx.status = 204;
            }),
          );
          app.use(
            at('GET', '/replace', (ctx) => {
              const { id } = ctx.session;
              ctx.session = { other: 1 };
              ctx.body = [ctx.session.id === id, ctx.session.user ?? null];
            }),
          );
          app.use(
            at('GET', '/null', (ctx) => {
              ctx.session = null;
              ctx.body = [ctx.session];
            }),
          );
          app.use(
            at('GET', '/anew', (ctx) => {
              const { id } = ctx.session;
              ctx.session = null;
              ctx.session = { user: 'eve' };
              ctx.body = [ctx.session.id === id];
            }),
          );
          app.use(
            at('GET', '/text', (ctx) => {
              ctx.session = 'ada' as never;
            }),
          );
        }, options());
        await browser.get('/set');
        expect((await browser.get('/')).json).toEqual({ user: 'ada' });
        expect((await browser.get('/replace')).json).toEqual([true, null]);
        expect((await browser.get('/')).json).toEqual({ other: 1 });
        expect((await browser.get('/anew')).json).toEqual([false]);
        expect((await browser.get('/')).json).toEqual({ user: 'eve' });
        expect((await browser.get('/null')).json).toEqual([null]);
        expect((await browser.get('/')).json).toEqual({});
        expect(await browser.cookie('keyturn.sid')).toBeUndefined();
        expect((await browser.get('/text')).status).toBe(500);
      });

      test.each<[how: string, answer: (ctx: Koa3.Context) => void]>([
        ['a redirect', (ctx) => ctx.redirect('/')],
        ['a stream', (ctx) => (ctx.body = Readable.from(['text']))],
        ['no body', (ctx) => (ctx.status = 204)],
        [
          'the response of Node itself',
          (ctx) => {
            ctx.respond = false;
            ctx.res.writeHead(200, { 'x-own': 'yes' });
            ctx.res.end('own');
          },
        ],
      ])('it is saved before %s goes out', async (_how, answer) => {
        const { browser, logger } = await make((app) => {
          app.use(show);
          app.use((ctx) => {
            ctx.session.user = 'ada';
            answer(ctx as Koa3.Context);
          });
        }, options());
        await browser.get('/x');
        expect((await browser.get('/')).json).toEqual({ user: 'ada' });
        expect(logger.records.filter(({ level }) => level === 'warn')).toEqual([]);
      });

      test('what cannot be saved is thrown to the middleware around it, and nothing of the answer is sent', async () => {
        const seen: any[] = [];
        const build = (app: Koa3) => {
          app.use(show);
          app.use((ctx) => {
            ctx.session.big = 1n;
            ctx.set('cache-control', 'public, max-age=60');
            ctx.body = Readable.from(['lost']);
          });
        };
        const outside: Koa3.Middleware = async (_ctx, next) => {
          await next().catch((error) => seen.push(error.code));
        };
        const caught = await make(build, { ...options(), outside });
        const answer = await caught.browser.get('/x');
        expect([answer.status, answer.text, answer.headers.get('cache-control')]).toEqual([
          500,
          '',
          expect.not.stringContaining('public'),
        ]);
        expect([seen, caught.errors]).toEqual([['session_invalid'], []]);
        const { browser, errors } = await make(build, options());
        expect((await browser.get('/x')).text).toBe('Internal Server Error');
        expect(errors.map(({ code }) => code)).toEqual(['session_invalid']);
      });

      test('a session that was saved stays so where the middleware around it throws', async () => {
        const { browser, errors } = await make(
          (app) => {
            app.use(show);
            app.use((ctx) => {
              ctx.session.regenerate();
              ctx.session.user = 'ada';
              ctx.body = 'in';
            });
          },
          {
            ...options(),
            outside: async (ctx, next) => {
              await next();
              if (ctx.path === '/x') ctx.throw(418, 'late');
            },
          },
        );
        const answer = await browser.get('/x');
        expect([answer.status, answer.text, errors.length]).toEqual([418, 'late', 1]);
        expect((await browser.get('/')).json).toEqual({ user: 'ada' });
      });

      test('an error of the app takes its own way, and what was changed before is saved', async () => {
        const { browser, errors } = await make((app) => {
          app.use(show);
          app.use((ctx) => {
            ctx.session.user = 'ada';
            ctx.throw(402, 'no money');
          });
        }, options());
        const answer = await browser.get('/x');
        expect([answer.status, answer.text, errors.map(({ status }) => status)]).toEqual([
          402,
          'no money',
          [402],
        ]);
        expect((await browser.get('/')).json).toEqual({ user: 'ada' });
      });
    });

    test('unsafe requests are checked by themselves, by header and by form', async () => {
      const { browser, errors } = await make((app) => {
        app.use(
          at('GET', '/', (ctx) => {
            ctx.body = ctx.csrfToken();
          }),
        );
        app.use(
          at('POST', '/', (ctx) => {
            ctx.body = 'done';
          }),
        );
      });
      const token = (await browser.get('/')).text;
      const forged = await browser.ask('/', { method: 'POST', form: { _csrf: 'x' } });
      expect([forged.status, forged.text]).toEqual([403, errors[0].message]);
      expect([errors[0] instanceof KeyturnError, errors[0].code]).toEqual([true, 'csrf_refused']);
      expect((await browser.ask('/', { method: 'POST', form: { _csrf: token } })).text).toBe('done');
      expect((await browser.post('/', {}, { 'x-csrf-token': token })).text).toBe('done');
    });

    test('a form that is not read yet is refused, and the log says what to write', async () => {
      const { browser, logger } = await make(
        (app) => {
          app.use(
            at('GET', '/', (ctx) => {
              ctx.body = ctx.csrfToken();
            }),
          );
        },
        { forms: false },
      );
      const token = (await browser.get('/')).text;
      expect((await browser.ask('/', { method: 'POST', form: { _csrf: token } })).status).toBe(403);
      expect(logger.records.find(({ facts }) => facts.event === 'csrf.body_unread')?.facts.hint).toMatch(
        /bodyParser/,
      );
      const told = () => logger.records.filter(({ facts }) => String(facts.event).startsWith('csrf.'));
      expect(told().map(({ facts }) => [facts.event, facts.reason, facts.path])).toEqual([
        ['csrf.body_unread', 'no_token', '/'],
      ]);
      // A parser leaves an empty body alone: there is no token in it.
      expect((await browser.ask('/', { method: 'POST', form: {} })).status).toBe(403);
      expect(told().at(-1)?.facts.event).toBe('csrf.refused');
    });

    test('by hand: csrf() after what reads the form, and checkCsrf', async () => {
      const { browser } = await make(
        (app) => {
          app.use(
            at('GET', '/', (ctx) => {
              ctx.body = ctx.csrfToken();
            }),
          );
          app.use(bodyParser());
          app.use(at('POST', '/late', csrf()));
          app.use(
            at('POST', '/own', async (ctx, next) => {
              ctx.checkCsrf((ctx.request.body as { token?: string }).token);
              await next();
            }),
          );
          app.use((ctx) => {
            ctx.body = 'done';
          });
        },
        { forms: false, csrf: 'manual' },
      );
      const token = (await browser.get('/')).text;
      expect((await browser.ask('/late', { method: 'POST', form: { _csrf: token } })).text).toBe('done');
      expect((await browser.ask('/late', { method: 'POST', form: {} })).status).toBe(403);
      expect((await browser.post('/own', { token })).text).toBe('done');
      expect((await browser.post('/own', { token: 'x' })).status).toBe(403);
    });

    test('behind a proxy that is trusted, the browser came from where the proxy says', async () => {
      const { browser } = await make((app) => {
        app.proxy = true;
        app.use(
          at('GET', '/', (ctx) => {
            ctx.body = ctx.csrfToken();
          }),
        );
        app.use((ctx) => {
          ctx.body = 'done';
        });
      });
      const token = (await browser.get('/')).text;
      const post = async (origin: string) =>
        (
          await browser.post(
            '/',
            {},
            {
              'x-csrf-token': token,
              'x-forwarded-host': 'a.example:8443',
              'x-forwarded-proto': 'https',
              origin,
            },
          )
        ).status;
      expect(await post('https://a.example:8443')).toBe(200);
      expect(await post('https://a.example')).toBe(403);
      expect(await post('http://a.example:8443')).toBe(403);
    });

    test('used twice it is one', async () => {
      const shared = await testKeyturn();
      const { browser } = await make(
        (app) => {
          app.use((ctx, next) => {
            ctx.session.outer = 1;
            return next();
          });
          app.use(keyturn({ keyturn: shared }));
          app.use((ctx) => {
            ctx.session.inner = 1;
            ctx.body = { ...ctx.session };
          });
        },
        { keyturn: shared },
      );
      expect((await browser.get('/')).json).toEqual({ outer: 1, inner: 1 });
    });

    test('routes that look at nothing get what Koa alone would send', async () => {
      const { browser } = await make((app) => {
        app.use((ctx) => {
          ctx.body = 'ok';
        });
      });
      const { headers } = await browser.get('/');
      expect([headers.get('vary'), headers.get('cache-control'), headers.get('set-cookie')]).toEqual([
        null,
        null,
        null,
      ]);
    });
  });
}

test('without the middleware nothing is protected, and csrf() says so', async () => {
  expect(() => keyturn({ csrf: 'off' as never })).toThrow(/neither "auto" nor "manual"/);
  const app = new Koa3();
  const errors: any[] = [];
  app.on('error', (error) => errors.push(error));
  app.use(csrf());
  const [url, close] = await listen(app);
  onTestFinished(close);
  expect((await fetch(url)).status).toBe(500);
  expect(errors.map(({ hint }) => hint)).toEqual(['write app.use(keyturn()) before the routes']);
});

test('an option of koa-session is refused with what to write instead', () => {
  expect(() => keyturn({ renew: true } as never)).toThrow(
    expect.objectContaining({ code: 'argument_invalid', hint: expect.stringContaining('roll_after') }),
  );
});
