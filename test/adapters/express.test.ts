// The middleware for Express 5 and 4: the shared suite, and what users of express-session, passport and connect-flash know.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express5 from 'express';
// @ts-expect-error: it has no types under this name
import express4 from 'express4';
import passport from 'passport';
// @ts-expect-error: it has no types
import { Strategy } from 'passport-local';
import { describe, expect, onTestFinished, test } from 'vitest';
import keyturnExpress, { type KeyturnExpressOptions, session } from '../../src/adapters/express/index.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { expressDriver } from '../contract/drivers/express.mjs';
import { registerHttpContract } from '../contract/http-contract.js';
import { Browser } from '../support/browser.js';
import { memoryLogger, testClock, testKeyturn } from '../support/keyturn.js';

const VERSIONS = [
  ['Express 5', express5],
  ['Express 4', express4 as unknown as typeof express5],
] as const;

async function listen(app: {
  listen(port: number, host: string): Server;
}): Promise<[string, () => Promise<void>]> {
  const server = app.listen(0, 'localhost');
  await new Promise((done) => server.once('listening', done));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return [`http://localhost:${(server.address() as AddressInfo).port}`, close];
}

for (const [name, express] of VERSIONS) {
  registerHttpContract(name, expressDriver(express, keyturnExpress));

  describe(`${name}:`, () => {
    /** An app, somebody who visits it, and what was logged. */
    async function make(
      build: (app: ReturnType<typeof express5>) => void,
      { forms = true, ...options }: Partial<KeyturnExpressOptions> & { readonly forms?: boolean } = {},
    ) {
      const logger = memoryLogger();
      const { keyturn = await testKeyturn({ logger }) } = options;
      const app = express();
      if (forms) app.use(express.urlencoded({ extended: false }));
      const middleware = keyturnExpress({ ...options, keyturn });
      app.use(middleware);
      build(app);
      const [url, close] = await listen(app);
      onTestFinished(close);
      expect(await middleware.ready()).toBe(keyturn);
      return { browser: new Browser(url), logger, url, keyturn };
    }

    const stores = [
      ['the cookie', () => ({})],
      ['a store', () => ({ store: memoryStore({ clock: testClock().read }) })],
    ] as const;

    describe.each(stores)('sessions in %s', (_where, options) => {
      test('as express-session has them, with callbacks', async () => {
        const seen: unknown[] = [];
        const { browser } = await make((app) => {
          app.get('/set', (req, res) => {
            req.session.cart = ['book'];
            req.session.save((error: unknown) => res.json({ error: error ?? null }));
          });
          app.get('/push', (req, res) => {
            (req.session.cart as string[]).push('pen');
            res.end('ok');
          });
          app.get('/regenerate', (req, res) => {
            const former = req.session;
            const { id } = former;
            req.session.regenerate(() => {
              seen.push(
                former.cart,
                req.session.cart,
                req.session.id === id,
                req.sessionID === req.session.id,
              );
              expect(() => {
                former.user = 'lost';
              }).toThrow(/regenerate\(callback\)/);
              req.session.user = 'ada';
              res.redirect('/');
            });
          });
          app.get('/reload', (req, res) => {
            req.session.user = 'eve';
            req.session.reload((error: unknown) => res.json([error ?? null, { ...req.session }]));
          });
          app.get('/touch', (req, res) =>
            req.session.touch(() => res.json(req.session.cookie.maxAge > 60_000)),
          );
          app.get('/remember', (req, res) => {
            req.session.cookie.maxAge = 5;
            res.end();
          });
          app.get('/destroy', (req, res) => {
            req.session.destroy((error: unknown) => res.json([error ?? null, String(req.session)]));
          });
          app.get('/', (req, res) => res.json({ ...req.session }));
          app.use((error: any, _req: any, res: any, _next: any) =>
            res.status(500).json({ hint: error.hint }),
          );
        }, options());
        expect((await browser.get('/set')).json).toEqual({ error: null });
        await browser.get('/push');
        expect((await browser.get('/')).json).toEqual({ cart: ['book', 'pen'] });
        expect((await browser.get('/regenerate')).status).toBe(302);
        expect(seen).toEqual([['book', 'pen'], undefined, false, true]);
        expect((await browser.get('/')).json).toEqual({ user: 'ada' });
        expect((await browser.get('/reload')).json).toEqual([null, { user: 'ada' }]);
        expect((await browser.get('/touch')).json).toBe(true);
        expect((await browser.get('/remember')).json.hint).toMatch(/remember = "30d"/);
        expect((await browser.get('/destroy')).json).toEqual([null, 'undefined']);
        expect((await browser.get('/')).json).toEqual({});
      });

      test('cookie.maxAge is "remember me", as far as session.remember allows', async () => {
        const keyturn = await testKeyturn({ config: { session: { remember: '30d' } } });
        const { browser } = await make(
          (app) => {
            app.get('/in', (req, res, next) => {
              req.session.regenerate((error) => {
                if (error) return next(error);
                req.session.user = 'ada';
                req.session.cookie.maxAge = 14 * 86_400_000;
                res.json(req.session.cookie.originalMaxAge);
              });
            });
            app.get('/until', (req, res) => {
              req.session.cookie.expires = new Date(req.session.expiresAt.getTime() + 86_400_000);
              res.json(req.session.cookie.maxAge);
            });
            app.get('/forget', (req, res) => {
              req.session.cookie.expires = false;
              res.json(req.session.cookie.maxAge);
            });
            app.get('/too-long', (req, res) => {
              req.session.cookie.maxAge = 31 * 86_400_000;
              res.end();
            });
            app.get('/over', (req, res) => {
              req.session.cookie.maxAge = 0;
              res.end();
            });
            app.use((error: any, _req: any, res: any, _next: any) => res.status(500).json(error.code));
          },
          { ...options(), keyturn },
        );
        const signedIn = await browser.get('/in');
        expect(signedIn.json).toBe(14 * 86_400_000);
        expect(signedIn.setCookies.join()).toContain('; Max-Age=1209600;');
        expect((await browser.get('/until')).json).toBe(15 * 86_400_000);
        expect((await browser.get('/forget')).json).toBe(7 * 86_400_000);
        expect((await browser.get('/too-long')).json).toBe('purpose_lifetime');
        expect((await browser.get('/over')).json).toBe('argument_invalid');
      });

      test('promises, null, and an object in its place', async () => {
        const { browser } = await make((app) => {
          app.get('/in', async (req, res) => {
            await req.session.regenerate();
            req.session.user = 'ada';
            await req.session.save();
            res.end();
          });
          app.get('/replace', (req, res) => {
            req.session = { other: 1 };
            res.json([req.session.user ?? null, session(req).other]);
          });
          app.get('/null', (req, res) => {
            req.session = null;
            res.json(req.session);
          });
          app.get('/', (req, res) => res.json({ ...req.session }));
        }, options());
        await browser.get('/in');
        expect((await browser.get('/')).json).toEqual({ user: 'ada' });
        expect((await browser.get('/replace')).json).toEqual([null, 1]);
        expect((await browser.get('/')).json).toEqual({ other: 1 });
        expect((await browser.get('/null')).text).toBe('null');
        expect((await browser.get('/')).json).toEqual({});
      });

      test('what cannot be saved goes to the error handlers, and nothing of the answer is sent', async () => {
        const { browser } = await make((app) => {
          app.get('/save', (req, res) => {
            req.session.big = 1n;
            req.session.save((error: any) => {
              delete req.session.big;
              res.json(error.code);
            });
          });
          app.get('/late', (req, res) => {
            req.session.big = 1n;
            setImmediate(() => res.redirect('/'));
          });
          app.use((error: any, _req: any, res: any, _next: any) => res.json({ code: error.code }));
        }, options());
        expect((await browser.get('/save')).json).toBe('session_invalid');
        const late = await browser.get('/late');
        expect([late.status, late.headers.get('location'), late.json]).toEqual([
          500,
          null,
          { code: 'session_invalid' },
        ]);
      });

      test('passport signs in and out, and keeps what it is told to keep', async () => {
        const authenticator = new passport.Passport();
        authenticator.use(
          new Strategy((user: string, password: string, done: any) =>
            done(null, password === 'right' && { id: user }),
          ),
        );
        authenticator.serializeUser((user: any, done) => done(null, user.id));
        authenticator.deserializeUser((id: string, done) => done(null, { id }));
        const { browser } = await make((app) => {
          app.use(authenticator.session());
          app.get('/', (req: any, res) =>
            res.json({ user: req.user?.id ?? null, cart: req.session.cart ?? null, token: req.csrfToken() }),
          );
          app.get('/cart', (req, res) => {
            req.session.cart = 'book';
            res.end();
          });
          app.post(
            '/in',
            authenticator.authenticate('local', {
              successRedirect: '/',
              failureRedirect: '/no',
              failureFlash: 'Wrong',
              keepSessionInfo: true,
            }),
          );
          app.get('/no', (req, res) => res.json(req.flash('error')));
          app.post('/out', (req: any, res, next) =>
            req.logout((error: any) => (error ? next(error) : res.redirect('/'))),
          );
        }, options());
        await browser.get('/cart');
        const token = async () => (await browser.get('/')).json.token;
        const form = async (path: string, fields: Record<string, string>) =>
          await browser.ask(path, { method: 'POST', form: { ...fields, _csrf: await token() } });
        const wrong = await form('/in', { username: 'ada', password: 'wrong' });
        expect(wrong.headers.get('location')).toBe('/no');
        expect((await browser.get('/no')).json).toEqual(['Wrong']);
        const before = await browser.cookie('keyturn.sid');
        const right = await form('/in', { username: 'ada', password: 'right' });
        expect([right.status, right.headers.get('location')]).toEqual([302, '/']);
        expect(await browser.cookie('keyturn.sid')).not.toBe(before);
        expect((await browser.get('/')).json).toMatchObject({ user: 'ada', cart: 'book' });
        expect((await form('/out', {})).status).toBe(302);
        expect((await browser.get('/')).json).toMatchObject({ user: null, cart: null });
        expect(await browser.cookie('keyturn.sid')).toBeUndefined();
      });
    });

    test('flash as connect-flash has it', async () => {
      const { browser } = await make((app) => {
        app.get('/leave', (req, res) =>
          res.json([
            req.flash('info', 'one'),
            req.flash('info', ['two', 'three']),
            req.flash('info', 'to %s', 'Ada'),
            req.flash('error', 'no'),
          ]),
        );
        app.get('/info', (req, res) => res.json(req.flash('info')));
        app.get('/all', (req, res) => res.json(req.flash()));
      });
      expect((await browser.get('/leave')).json).toEqual([1, 3, 4, 1]);
      expect((await browser.get('/info')).json).toEqual(['one', 'two', 'three', 'to Ada']);
      expect((await browser.get('/all')).json).toEqual({ error: ['no'] });
    });

    test('unsafe requests are checked by themselves: by header, by form, and views get a token', async () => {
      const { browser } = await make((app) => {
        app.get('/', (_req, res) =>
          res.json([String(res.locals.csrfToken), res.locals.csrfToken(), { token: res.locals.csrfToken }]),
        );
        app.post('/', (_req, res) => res.end('done'));
      });
      const [written, called, { token }] = (await browser.get('/')).json;
      expect((await browser.ask('/', { method: 'POST' })).status).toBe(403);
      expect((await browser.ask('/', { method: 'POST', form: { _csrf: 'x' } })).status).toBe(403);
      for (const each of [written, called, token])
        expect((await browser.ask('/', { method: 'POST', form: { _csrf: each } })).text).toBe('done');
      expect((await browser.post('/', {}, { 'x-csrf-token': written })).text).toBe('done');
    });

    test('a form that is not read yet is refused, and the log says what to write', async () => {
      const { browser, logger } = await make(
        (app) => {
          app.get('/', (req, res) => res.json(req.csrfToken()));
          app.post('/', express.urlencoded({ extended: false }), (_req, res) => res.end('done'));
        },
        { forms: false },
      );
      const token = (await browser.get('/')).json;
      expect((await browser.ask('/', { method: 'POST', form: { _csrf: token } })).status).toBe(403);
      expect(logger.records.find(({ facts }) => facts.event === 'csrf.body_unread')?.facts.hint).toMatch(
        /express\.urlencoded/,
      );
      const told = () => logger.records.filter(({ facts }) => String(facts.event).startsWith('csrf.'));
      expect(told().map(({ facts }) => [facts.event, facts.reason, facts.path])).toEqual([
        ['csrf.body_unread', 'no_token', '/'],
      ]);
      // A parser leaves an empty body alone: there is no token in it.
      expect((await browser.ask('/', { method: 'POST', form: {} })).status).toBe(403);
      expect(told().at(-1)?.facts.event).toBe('csrf.refused');
    });

    test('by hand: keyturn.csrf() after what reads the form, and checkCsrf', async () => {
      const { browser } = await make(
        (app) => {
          app.get('/', (req, res) => res.json(req.csrfToken()));
          app.post('/late', express.urlencoded({ extended: false }), keyturnExpress.csrf(), (_req, res) =>
            res.end('done'),
          );
          app.post('/own', express.json(), (req, res) => {
            req.checkCsrf((req.body as { token?: unknown }).token);
            res.end('done');
          });
        },
        { forms: false, csrf: 'manual' },
      );
      const token = (await browser.get('/')).json;
      expect((await browser.ask('/late', { method: 'POST', form: { _csrf: token } })).text).toBe('done');
      expect((await browser.ask('/late', { method: 'POST', form: {} })).status).toBe(403);
      expect((await browser.post('/own', { token })).text).toBe('done');
      expect((await browser.post('/own', { token: 'x' })).status).toBe(403);
    });

    test('behind a proxy that is trusted, a page by http sends nothing to one by https', async () => {
      const { browser } = await make((app) => {
        app.set('trust proxy', true);
        app.get('/', (req, res) => res.json(req.csrfToken()));
        app.post('/', (_req, res) => res.end('done'));
      });
      const token = (await browser.get('/')).json;
      const post = async (headers: Record<string, string>) =>
        (await browser.post('/', {}, { 'x-csrf-token': token, ...headers })).status;
      const proxied = { 'x-forwarded-host': 'a.example:8443', 'x-forwarded-proto': 'https' };
      expect(await post({ ...proxied, origin: 'https://a.example:8443' })).toBe(200);
      expect(await post({ ...proxied, origin: 'https://a.example' })).toBe(403);
      expect(await post({ ...proxied, origin: 'http://a.example:8443' })).toBe(403);
    });

    test('one app inside another shares its session', async () => {
      const shared = await testKeyturn();
      const { browser } = await make(
        (app) => {
          const inner = express();
          inner.use(keyturnExpress({ keyturn: shared }));
          inner.get('/', (req, res) => {
            req.session.inner = 1;
            res.json({ ...req.session });
          });
          app.use('/inner', inner);
          app.get('/', (req, res) => {
            req.session.outer = 1;
            res.end();
          });
        },
        { keyturn: shared },
      );
      await browser.get('/');
      expect((await browser.get('/inner')).json).toEqual({ outer: 1, inner: 1 });
    });
  });
}
