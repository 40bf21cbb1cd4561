// What users of express-session rely on: save() and destroy() are done when they say so, and reload() tells of sessions that
// are not there.
import type { AddressInfo } from 'node:net';
import express from 'express';
import { describe, expect, onTestFinished, test } from 'vitest';
import keyturnExpress, { type KeyturnExpressOptions } from '../../src/adapters/express/index.js';
import type { SessionStore } from '../../src/sessions/stores/contract.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { wrapStore } from '../../src/sessions/stores/wrap.js';
import { Browser } from '../support/browser.js';
import { memoryLogger, testClock, testKeyturn } from '../support/keyturn.js';
import { Gate } from '../support/waiting.js';

const SID = 'keyturn.sid';

/** A store that notes what is asked of it. */
function notingStore() {
  const calls: string[] = [];
  const store = memoryStore({ clock: testClock().read });
  const noted =
    <A extends readonly unknown[], R>(name: string, call: (...given: A) => R) =>
    (...given: A): R => {
      calls.push(name);
      return call(...given);
    };
  const changes: Partial<SessionStore> = {
    put: noted('put', (id, record, version) => store.put(id, record, version)),
    destroy: noted('destroy', (id, until, next) => store.destroy(id, until, next)),
    touch: noted('touch', (id, until, seenAt) => store.touch(id, until, seenAt)),
  };
  return { store: wrapStore(store, changes), calls };
}

type Routes = (app: ReturnType<typeof express>) => void;

/** An app, and somebody who visits it. */
async function visit(build: Routes, options: Partial<KeyturnExpressOptions> = {}) {
  const logger = memoryLogger();
  const { keyturn = await testKeyturn({ logger }) } = options;
  const app = express();
  app.use(express.urlencoded({ extended: false }), keyturnExpress({ ...options, keyturn }));
  build(app);
  app.get('/', (req, res) => res.json({ ...req.session }));
  app.get('/token', (req, res) => res.json(req.csrfToken()));
  app.use((error: any, _req: any, res: any, _next: any) => {
    res.status(error.statusCode ?? 500).json({ code: error.code, message: error.message, hint: error.hint });
  });
  const server = app.listen(0, 'localhost');
  await new Promise((done) => server.once('listening', done));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  return { browser: new Browser(`http://localhost:${(server.address() as AddressInfo).port}`), logger };
}

describe('sessions in a store', () => {
  test('save(callback): what has begun is kept when it is called, and nothing is written twice', async () => {
    const { store, calls } = notingStore();
    const { browser } = await visit(
      (app) => {
        app.get('/in', (req, res) => {
          req.session.user = 'ada';
          req.session.save(async (error: unknown) => {
            const kept = await store.get(req.session.id);
            res.json([error ?? null, kept?.version, req.session.isNew, calls.join(' ')]);
          });
        });
      },
      { store },
    );
    expect((await browser.get('/in')).json).toEqual([null, 1, true, 'put']);
    expect(calls).toEqual(['put']);
    expect((await browser.get('/')).json).toEqual({ user: 'ada' });
  });

  test('what changes after it is saved with the answer, which has one cookie', async () => {
    const { store, calls } = notingStore();
    const { browser } = await visit(
      (app) => {
        app.get('/in', async (req, res) => {
          req.session.cart = ['book'];
          await req.session.save();
          (req.session.cart as string[]).push('pen');
          await req.session.update((data) => {
            data.count = 1;
          });
          req.session.user = 'ada';
          res.end();
        });
      },
      { store },
    );
    const { setCookies } = await browser.get('/in');
    expect(setCookies.map((cookie) => cookie.split('=')[0])).toEqual([SID]);
    expect(calls).toEqual(['put', 'put', 'put']);
    expect((await browser.get('/')).json).toEqual({ cart: ['book', 'pen'], count: 1, user: 'ada' });
  });

  test('it keeps what has not changed, too, and sends nothing for it', async () => {
    const { store, calls } = notingStore();
    const { browser } = await visit(
      (app) => {
        app.get('/in', (req, res) => {
          req.session.user = 'ada';
          res.end();
        });
        app.get('/save', (req, res) => req.session.save(() => res.end()));
      },
      { store },
    );
    await browser.get('/in');
    calls.length = 0;
    expect((await browser.get('/save')).setCookies).toEqual([]);
    expect(calls).toEqual(['put']);
  });

  test('nobody need wait for it: the answer does', async () => {
    const { store, calls } = notingStore();
    const { browser } = await visit(
      (app) => {
        app.get('/in', (req, res) => {
          req.session.user = 'ada';
          req.session.save();
          req.session.user = 'grace';
          res.redirect('/');
        });
      },
      { store },
    );
    expect((await browser.get('/in')).setCookies).toHaveLength(1);
    expect(calls).toEqual(['put']);
    expect((await browser.get('/')).json).toEqual({ user: 'grace' });
  });

  test('a sign-in that is saved ends the former session; one more, and a sign-out, end what was saved', async () => {
    const { store } = notingStore();
    const ids: string[] = [];
    const { browser } = await visit(
      (app) => {
        app.get('/begin', (req, res) => {
          req.session.cart = 1;
          ids.push(req.session.id);
          res.end();
        });
        app.get('/twice', async (req, res) => {
          for (const user of ['ada', 'grace']) {
            await req.session.regenerate({ keep: ['cart'] });
            req.session.user = user;
            ids.push(req.session.id);
            await req.session.save();
          }
          res.json(await Promise.all(ids.map(async (id) => (await store.get(id)) !== undefined)));
        });
        app.get('/in-and-out', async (req, res) => {
          await req.session.regenerate();
          req.session.user = 'eve';
          const { id } = req.session;
          await req.session.save();
          const before = (await store.get(id)) !== undefined;
          await req.session.destroy();
          res.json([before, (await store.get(id)) !== undefined, req.session ?? null]);
        });
      },
      { store },
    );
    await browser.get('/begin');
    expect((await browser.get('/twice')).json).toEqual([false, false, true]);
    expect((await browser.get('/')).json).toEqual({ cart: 1, user: 'grace' });
    expect((await browser.get('/in-and-out')).json).toEqual([true, false, null]);
    expect(await browser.cookie(SID)).toBeUndefined();
    expect((await browser.get('/')).json).toEqual({});
  });

  test('destroy(callback) has ended it when it is called, and it is ended once', async () => {
    const { store, calls } = notingStore();
    const { browser } = await visit(
      (app) => {
        app.get('/in', (req, res) => {
          req.session.user = 'ada';
          res.end();
        });
        app.get('/out', (req, res) => {
          const { id } = req.session;
          req.session.destroy(async (error: unknown) =>
            res.json([error ?? null, (await store.get(id)) ?? null, req.session ?? null]),
          );
        });
      },
      { store },
    );
    await browser.get('/in');
    calls.length = 0;
    expect((await browser.get('/out')).json).toEqual([null, null, null]);
    expect(calls).toEqual(['destroy']);
    expect(await browser.cookie(SID)).toBeUndefined();
  });

  test('what cannot be kept is told where it was asked for, and nothing of the answer is sent', async () => {
    const inner = memoryStore({ clock: testClock().read });
    const store = wrapStore(inner, {
      put: () => {
        throw new Error('full');
      },
    });
    const told: unknown[] = [];
    const { browser } = await visit(
      (app) => {
        app.get('/in', (req, res) => {
          req.session.user = 'ada';
          req.session.save((error: any) => {
            told.push(error.code, error.cause.message);
            res.end('welcome');
          });
        });
        app.get('/unasked', (req, res) => {
          req.session.user = 'ada';
          req.session.save();
          res.end('welcome');
        });
      },
      { store },
    );
    for (const path of ['/in', '/unasked']) {
      const answer = await browser.get(path);
      expect([answer.status, answer.json.code, answer.setCookies]).toEqual([503, 'engine_unavailable', []]);
    }
    expect(told).toEqual(['engine_unavailable', 'full']);
  });

  test('an answer that tells of an error has the cookie of what was saved before', async () => {
    const { browser } = await visit(
      (app) => {
        app.get('/in', async (req, res) => {
          await req.session.regenerate();
          req.session.user = 'ada';
          await req.session.save();
          req.session.big = 1n;
          res.end();
        });
      },
      { store: memoryStore({ clock: testClock().read }) },
    );
    expect((await browser.get('/in')).status).toBe(500);
    expect((await browser.get('/')).json).toEqual({ user: 'ada' });
  });

  test('what was signed out meanwhile is not saved', async () => {
    const { store } = notingStore();
    const { browser } = await visit(
      (app) => {
        app.get('/in', (req, res) => {
          req.session.user = 'ada';
          res.end();
        });
        app.get('/slow', async (req, res) => {
          req.session.seen = 1;
          await store.destroy(req.session.id, testClock().read() + 1000);
          req.session.save((error: any) => res.json(error.code));
        });
      },
      { store },
    );
    await browser.get('/in');
    const slow = await browser.get('/slow');
    expect([slow.json, slow.setCookies]).toEqual(['session_ended', []]);
  });

  test('another session takes its place only when it has been saved', async () => {
    const inner = memoryStore({ clock: testClock().read });
    let put = Promise.resolve();
    const store = wrapStore(inner, { put: (...given) => put.then(() => inner.put(...given)) });
    const { browser } = await visit(
      (app) => {
        app.get('/in', async (req, res) => {
          let letGo = () => {};
          put = new Promise((done) => {
            letGo = done;
          });
          req.session.user = 'ada';
          const saving = req.session.save();
          await new Promise(setImmediate);
          const regenerated = await new Promise((done) => req.session.regenerate(done));
          letGo();
          await saving;
          res.json((regenerated as Error).message);
        });
      },
      { store },
    );
    expect((await browser.get('/in')).json).toMatch(/while it was being saved/);
    expect((await browser.get('/')).json).toEqual({ user: 'ada' });
  });

  test('a page that was open stays good, and one that is made afterwards, too', async () => {
    const { browser } = await visit(
      (app) => {
        app.get('/begin', async (req, res) => {
          req.session.cart = 1;
          await req.session.save();
          res.json(req.csrfToken());
        });
        app.post('/done', (_req, res) => res.end('done'));
      },
      { store: memoryStore({ clock: testClock().read }) },
    );
    const before = (await browser.get('/token')).json;
    const after = (await browser.get('/begin')).json;
    for (const _csrf of [before, after])
      expect((await browser.ask('/done', { method: 'POST', form: { _csrf } })).text).toBe('done');
    expect(await browser.cookie('keyturn.csrf')).toBeUndefined();
  });

  test('in a header field it comes with the answer as well', async () => {
    const keyturn = await testKeyturn({ config: { session: { header: 'x-session' } } });
    const { browser } = await visit(
      (app) => {
        app.get('/in', async (req, res) => {
          await req.session.regenerate();
          req.session.user = 'ada';
          await req.session.save();
          await req.session.reload();
          res.json({ ...req.session });
        });
      },
      { keyturn, store: memoryStore({ clock: testClock().read }) },
    );
    const answer = await browser.get('/in', { 'x-session': '' });
    expect([answer.json, answer.setCookies]).toEqual([{ user: 'ada' }, []]);
    const token = answer.headers.get('x-session') as string;
    expect((await browser.get('/', { 'x-session': token })).json).toEqual({ user: 'ada' });
  });
});

describe.each([
  ['the cookie', () => ({})],
  ['a store', () => ({ store: memoryStore({ clock: testClock().read }) })],
] as const)('sessions in %s', (where, options) => {
  test('reload() gives what was saved in the same request, and leaves alone what was not', async () => {
    const { browser } = await visit((app) => {
      app.get('/saved', async (req, res) => {
        await req.session.regenerate();
        req.session.user = 'ada';
        await req.session.save();
        req.session.user = 'eve';
        await req.session.reload();
        res.json([{ ...req.session }, req.session.isNew]);
      });
      app.get('/new', (req, res) => {
        req.session.user = 'eve';
        req.session.reload((error: any) => {
          const answer = [error.code, error.message, req.session.user];
          delete req.session.user;
          res.json(answer);
        });
      });
    }, options());
    expect((await browser.get('/new')).json).toEqual(['session_ended', 'failed to load session', 'eve']);
    expect((await browser.get('/saved')).json).toEqual([{ user: 'ada' }, true]);
    expect((await browser.get('/')).json).toEqual({ user: 'ada' });
  });

  test('what is too late is refused', async () => {
    let told: Promise<unknown> = Promise.resolve();
    const { browser } = await visit((app) => {
      app.get('/late', (req, res) => {
        req.session.user = 'ada';
        told = new Promise((done) => {
          res.on('finish', () => req.session.save(done));
        });
        res.end();
      });
    }, options());
    await browser.get('/late');
    const error = (await told) as { readonly code: string; readonly message: string };
    expect(error.code).toBe('session_invalid');
    expect(error.message).toMatch(/response is out/);
  });

  test('a session that was emptied on signing out, and saved, is over', async () => {
    const { browser } = await visit((app) => {
      app.get('/in', async (req, res) => {
        req.session.user = 'ada';
        await req.session.save();
        res.end();
      });
      app.get('/out', (req, res) => req.session.regenerate(() => req.session.save(() => res.redirect('/'))));
    }, options());
    await browser.get('/in');
    await browser.get('/out');
    expect(await browser.cookie(SID)).toBeUndefined();
  });

  test('one that is too large for the cookie is told of', async () => {
    const { browser } = await visit((app) => {
      app.get('/in', (req, res) => {
        req.session.text = 'x'.repeat(5000);
        req.session.save((error: any) => {
          delete req.session.text;
          res.json(error?.code ?? null);
        });
      });
    }, options());
    expect((await browser.get('/in')).json).toBe(where === 'the cookie' ? 'session_too_large' : null);
  });
});

describe('req.session.cookie', () => {
  test('tells how long the session lives, and how its cookie is made', async () => {
    const config = { session: { idle: '2h', cookie: { path: '/app', same_site: 'strict' } } };
    const keyturn = await testKeyturn({ config });
    const { browser } = await visit(
      (app) => {
        app.get('/app', (req, res) => {
          req.session.user = 'ada';
          const { cookie } = req.session;
          Object.assign(cookie, {
            httpOnly: true,
            secure: false,
            sameSite: true,
            path: '/app',
            domain: null,
            partitioned: undefined,
          });
          res.json(cookie);
        });
      },
      { keyturn },
    );
    expect((await browser.get('/app')).json).toEqual({
      originalMaxAge: 7_200_000,
      expires: new Date(testClock().read() + 7_200_000).toISOString(),
      httpOnly: true,
      secure: false,
      sameSite: 'strict',
      path: '/app',
      partitioned: false,
    });
  });

  test.each([
    ['httpOnly', false, /never see the cookie/],
    ['secure', true, /the profile decides/],
    ['secure', 'auto', /the profile decides/],
    ['sameSite', 'auto', /same_site/],
    ['path', '/admin', /path under \[session\.cookie\]/],
    ['domain', 'a.example', /domain/],
    ['partitioned', true, /partitioned/],
    ['priority', 'high', /leave it out/],
  ])('%s is not changed to %j in silence', async (name, value, hint) => {
    const { browser } = await visit((app) => {
      app.get('/set', (req, res) => {
        Object.assign(req.session.cookie, { [name]: value });
        res.end();
      });
    });
    const { json } = await browser.get('/set');
    expect(json).toMatchObject({
      code: 'argument_invalid',
      message: `req.session.cookie.${name} cannot be set`,
    });
    expect(json.hint).toMatch(hint);
  });

  test('nor is the id', async () => {
    const { browser } = await visit((app) => {
      app.get('/set', (req, res) => {
        Object.assign(req, { sessionID: 'mine' });
        res.end();
      });
    });
    expect((await browser.get('/set')).json).toMatchObject({
      message: 'req.sessionID cannot be set',
      hint: expect.stringContaining('regenerate()'),
    });
  });
});

test.each([
  ['in a store'],
  ['in the cookie'],
])('signing out as passport does it is not told as too late, and what is written later is: %s', async (kind) => {
  const store = kind === 'in a store' ? { store: memoryStore({ clock: testClock().read }) } : {};
  let isDone = () => {};
  const done = new Promise<void>((resolve) => {
    isDone = resolve;
  });
  const { browser, logger } = await visit((app) => {
    app.get('/in', (req, res) => {
      Object.assign(req.session, { passport: { user: 'ada' }, cart: ['tea'] });
      res.end();
    });
    // What req.logout(callback) does.
    const signOut = (req: any, ended: () => void) => {
      delete req.session.passport.user;
      req.session.save(() => req.session.regenerate(ended));
    };
    app.get('/out', (req, res) => signOut(req, () => res.end()));
    app.get('/out-and-late', (req, res) => {
      signOut(req, () => {
        res.end();
        res.on('close', () => {
          Object.assign(req.session, { cart: ['jam'] });
          isDone();
        });
      });
    });
  }, store);
  const late = () => logger.records.filter(({ facts }) => facts.event === 'session.late').length;
  await browser.ask('/in');
  await browser.ask('/out');
  expect((await browser.ask('/')).text).toBe('{}');
  expect(late()).toBe(0);
  await browser.ask('/in');
  await browser.ask('/out-and-late');
  await done;
  expect(late()).toBe(1);
});

describe('a sign-out that overtakes a request which saves its session early stands', () => {
  const routes =
    (slow: Gate): Routes =>
    (app) => {
      app.get('/in', (req, res) => {
        req.session.regenerate();
        req.session.user = 'ada';
        res.end();
      });
      app.get('/step-up', async (req, res) => {
        req.session.regenerate({ keep: ['user'] });
        req.session.step = 'a';
        await slow.pass();
        await req.session.save();
        res.json({ ...req.session });
      });
      app.get('/out', (req, res) => {
        req.session.destroy();
        res.end();
      });
    };

  test('by destroy()', async () => {
    const slow = new Gate();
    const store = memoryStore({ clock: testClock().read });
    const { browser } = await visit(routes(slow), { store, user: ({ user }) => user as string });
    await browser.ask('/in');
    const late = browser.ask('/step-up');
    await slow.reached();
    await browser.ask('/out');
    slow.open();
    expect((await late).json).toEqual({ step: 'a' });
    expect((await browser.ask('/')).json).not.toHaveProperty('user');
    expect(store.listUser('ada')).toEqual([]);
  });

  test.each(['in a store', 'in the cookie'])('by an epoch, with sessions %s', async (kind) => {
    const slow = new Gate();
    let epoch = 1;
    const store = kind === 'in a store' ? { store: memoryStore({ clock: testClock().read }) } : {};
    const { browser } = await visit(routes(slow), {
      ...store,
      epoch: ({ user }) => (user === undefined ? undefined : epoch),
    });
    await browser.ask('/in');
    const late = browser.ask('/step-up');
    await slow.reached();
    epoch = 2;
    slow.open();
    expect((await late).json).toEqual({ step: 'a' });
    expect((await browser.ask('/')).json).not.toHaveProperty('user');
  });
});

test('whoever signs in again where the session was ended while it was saved is signed in', async () => {
  const slow = new Gate();
  const store = memoryStore({ clock: testClock().read });
  const { browser } = await visit(
    (app) => {
      app.get('/in', (req, res) => {
        req.session.user = 'ada';
        res.end();
      });
      app.get('/twice', async (req, res) => {
        req.session.cart = 1;
        await slow.pass();
        const first = await Promise.resolve(req.session.save()).catch((error) => error.code);
        req.session.regenerate();
        req.session.user = 'grace';
        await req.session.save();
        res.json(first);
      });
      app.get('/out', (req, res) => {
        req.session.destroy();
        res.end();
      });
    },
    { store },
  );
  await browser.ask('/in');
  const late = browser.ask('/twice');
  await slow.reached();
  await browser.ask('/out');
  slow.open();
  expect((await late).json).toBe('session_ended');
  expect((await browser.ask('/')).json).toEqual({ user: 'grace' });
});
