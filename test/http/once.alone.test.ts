// A request finds its session cookie once and takes its token apart once, wherever the secret and the session are.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { afterEach, expect, test, vi } from 'vitest';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import { createKeyturn, type Keyturn } from '../../src/index.js';
import { AppCookie } from '../../src/sessions/cookie.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import * as sealedTokens from '../../src/signing/sealed-token.js';
import * as tokens from '../../src/signing/token.js';
import { memoryLogger, OTHER_SECRET, SECRET } from '../support/keyturn.js';
import { documentOf } from '../support/ring-file.js';

vi.mock('../../src/signing/token.js', async (original) => {
  const module = await original<typeof tokens>();
  return { ...module, parseToken: vi.fn(module.parseToken) };
});
vi.mock('../../src/signing/sealed-token.js', async (original) => {
  const module = await original<typeof sealedTokens>();
  return { ...module, parseSealed: vi.fn(module.parseSealed) };
});

const open: Keyturn[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const keyturn of open.splice(0)) await keyturn.close();
});

const VARIABLE = 'KEYTURN_SECURITY__SIGNING_SECRET';

function inFile(text: string): Readonly<Record<string, string>> {
  const path = join(mkdtempSync(join(tmpdir(), 'keyturn-once-')), 'secret');
  writeFileSync(path, text, { mode: 0o600 });
  return { [`${VARIABLE}_FILE`]: path };
}

/** What the variables say, by where the secret is. */
const SOURCES = {
  'a variable': () => ({ [VARIABLE]: SECRET }),
  'an array': () => inFile(JSON.stringify([SECRET, OTHER_SECRET])),
  'a document': () =>
    inFile(
      documentOf(1, [
        [SECRET, 'active'],
        [OTHER_SECRET, 'retiring'],
      ]),
    ),
} as const;

const KINDS = {
  'signed in the cookie': {},
  'sealed in the cookie': { sealed: true },
  'in a store': { store: true },
} as const;

async function start(env: Readonly<Record<string, string>>, kind: { sealed?: true; store?: true }) {
  const config = kind.sealed ? { session: { sealed: true } } : {};
  const keyturn = await createKeyturn({ profile: 'test', env, config, logger: memoryLogger() });
  open.push(keyturn);
  const app = Fastify();
  app.register(keyturnFastify, { keyturn, ...(kind.store ? { store: memoryStore() } : {}) });
  app.post('/sign-in', { config: { csrf: false } }, (request) => {
    request.session.user = 'ada';
    return 'ok';
  });
  app.get('/me', (request) => ({ user: request.session.user ?? null }));
  app.get('/unseen', () => ({}));
  app.get('/token', (_, reply) => ({ token: reply.csrfToken() }));
  app.post('/change', (request) => {
    request.session.seen = true;
    return { user: request.session.user };
  });
  await app.ready();
  return app;
}

const CASES = Object.entries(SOURCES).flatMap(([source, env]) =>
  Object.entries(KINDS).map(([sessions, kind]) => ({ source, env, sessions, kind })),
);

test.each(CASES)('the secret in $source, sessions $sessions', async ({ env, kind }) => {
  const app = await start(env(), kind);
  const signedIn = await app.inject({ method: 'POST', url: '/sign-in' });
  const cookie = String(signedIn.headers['set-cookie']).split(';')[0] as string;
  const [name, value] = cookie.split('=') as [string, string];
  const { token } = (await app.inject({ url: '/token', headers: { cookie } })).json();
  const find = vi.spyOn(AppCookie.prototype, 'find');
  for (const [method, url] of [
    ['GET', '/me'],
    ['GET', '/unseen'],
    ['GET', '/token'],
    ['POST', '/change'],
    ['GET', '/not-there'],
  ] as const) {
    for (const spy of [find, vi.mocked(tokens.parseToken), vi.mocked(sealedTokens.parseSealed)])
      spy.mockClear();
    const headers = { cookie: `theme=dark; ${cookie}; a=1`, 'x-csrf-token': token };
    const { statusCode } = await app.inject({ method, url, headers });
    expect([url, statusCode]).toEqual([url, url === '/not-there' ? 404 : 200]);
    const found = find.mock.contexts.filter((one) => (one as AppCookie).name === name);
    const parsed = vi.mocked(tokens.parseToken).mock.results.filter(({ value: parts }, call) => {
      const [text] = vi.mocked(tokens.parseToken).mock.calls[call] as [string];
      return text === value && parts !== undefined;
    });
    const opened = vi.mocked(sealedTokens.parseSealed).mock.calls.filter(([text]) => text === value);
    // For Fastify's own 404 no store is asked, as long as nobody looks at the session there.
    const times = url === '/not-there' && 'store' in kind ? 0 : 1;
    expect([url, found.length, parsed.length + opened.length]).toEqual([url, times, times]);
  }
});
