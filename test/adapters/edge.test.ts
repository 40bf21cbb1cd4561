// keyturn/edge, here on Node. compat/edge runs it in workerd, Deno and Bun.
import { expect, test, vi } from 'vitest';
import keyturn from '../../src/adapters/edge/index.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { edgeDriver } from '../contract/drivers/edge.mjs';
import { serveFetch } from '../contract/drivers/fetch-server.mjs';
import { registerHttpContract } from '../contract/http-contract.js';
import { memoryLogger, OTHER_SECRET, SECRET } from '../support/keyturn.js';
import { documentOf } from '../support/ring-file.js';

registerHttpContract('edge', edgeDriver(keyturn, memoryStore, serveFetch));

const URL = 'https://example.com/';
const VARIABLE = 'KEYTURN_SECURITY__SIGNING_SECRET';
const prod = { KEYTURN_ENV: 'prod' };
const code = (name: string) => expect.objectContaining({ code: name });

const signIn = () => new Request(URL, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } });
const withCookie = (cookie: string) => new Request(URL, { headers: { cookie } });
const cookieOf = (response: Response) => response.headers.getSetCookie()[0]?.split(';')[0] ?? '';

test('signs in with a secret of a variable, and reads the session again', async () => {
  const kt = keyturn({ env: { ...prod, [VARIABLE]: SECRET, DB: {} } });
  const signedIn = await kt.handle(signIn(), ({ session }) => {
    session.user = 'ada';
    return new Response('in');
  });
  expect(cookieOf(signedIn)).toMatch(/^__Host-keyturn\.sid=/);
  const visit = await kt.open(withCookie(cookieOf(signedIn)));
  expect(visit.session.user).toBe('ada');
  const read = await kt.read(cookieOf(signedIn));
  expect(read.session.user).toBe('ada');
  const forged = new Request(URL, { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } });
  expect((await kt.handle(forged, () => new Response())).status).toBe(403);
});

test('a function is called once for each isolate, with what the first request brings', async () => {
  const secret = vi.fn((c: { env: { KEY: string } }) => ({ secret: c.env.KEY, env: prod }));
  const kt = keyturn(secret);
  const env = { KEY: SECRET };
  for (let nth = 0; nth < 2; nth++) await kt.handle(withCookie(''), () => new Response(), { env });
  expect(secret.mock.calls).toEqual([[{ env }]]);
  const { keyring } = await kt.ready({ env });
  expect(keyring.keys).toHaveLength(1);
});

test('what a function refuses is tried again', async () => {
  const env: { KEY?: string } = {};
  const kt = keyturn((c: { env: typeof env }) => ({ secret: c.env.KEY, env: prod }));
  await expect(kt.ready({ env })).rejects.toThrow(code('secret_empty'));
  env.KEY = SECRET;
  expect((await kt.ready({ env })).keyring.keys).toHaveLength(1);
});

test('keys come from an array and from a document', async () => {
  const array = await keyturn({ secret: JSON.stringify([SECRET, OTHER_SECRET]), env: prod }).ready();
  expect(array.keyring.keys.map(({ state }) => state)).toEqual(['active', 'retiring']);
  const document = documentOf(3, [
    [SECRET, 'active'],
    [OTHER_SECRET, 'staged'],
  ]);
  const ringed = await keyturn({ secret: document, env: prod }).ready();
  expect(ringed.keyring.keys.map(({ state }) => state)).toEqual(['active', 'staged']);
});

test.each([
  ['no secret', {}, 'secret_missing'],
  ['an empty one', { [VARIABLE]: ' ' }, 'secret_empty'],
  ['a demo secret', { [VARIABLE]: 'changeme'.repeat(8) }, 'secret_weak'],
  ['a file', { [`${VARIABLE}_FILE`]: '/run/secrets/key' }, 'config_invalid'],
  ['a command', { [`${VARIABLE}_COMMAND`]: '["vault"]' }, 'config_invalid'],
  ['an engine', { [VARIABLE]: SECRET, KEYTURN_SESSION__BACKEND: 'redis' }, 'config_invalid'],
  ['a setting that is not known', { [VARIABLE]: SECRET, KEYTURN_SESSION__IDEL: '1h' }, 'config_unknown_key'],
])('is refused where it stands, as in production: %s', (_, env, refusal) => {
  expect(() => keyturn({ env })).toThrow(code(refusal));
});

test('development is told what production refuses', () => {
  const logger = memoryLogger();
  keyturn({ env: { KEYTURN_ENV: 'dev', [VARIABLE]: 'short' }, logger });
  expect(JSON.stringify(logger.records)).toContain('secret_weak');
});

test('sessions are kept in a store that the app has', async () => {
  const store = memoryStore();
  const kt = keyturn({ env: { ...prod, [VARIABLE]: SECRET }, store });
  const response = await kt.handle(signIn(), ({ session }) => {
    session.user = 'ada';
    return new Response();
  });
  expect((await kt.open(withCookie(cookieOf(response)))).session.user).toBe('ada');
});
