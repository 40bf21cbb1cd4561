// What the log says of a refused request: which one it was, and what is really the matter.
import formbody from '@fastify/formbody';
import multipart from '@fastify/multipart';
import Fastify from 'fastify';
import { describe, expect, test } from 'vitest';
import { ExpressHttpRequest } from '../../src/adapters/express/request.js';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import { openHttpCore } from '../../src/http/open-http-core.js';
import { Visit } from '../../src/http/visit.js';
import {
  memoryLogger,
  OTHER_SECRET,
  ringOf,
  SECRET,
  testClock,
  testKeyturn,
  useRing,
} from '../support/keyturn.js';

/** An app with a form, and what is logged of requests to it. */
async function make(late = false) {
  const lines: Record<string, any>[] = [];
  const clock = testClock();
  const keyturn = await testKeyturn({ clock });
  const app = Fastify({ logger: { stream: { write: (line) => void lines.push(JSON.parse(line)) } } });
  await app.register(formbody);
  await app.register(keyturnFastify, { keyturn });
  if (late) await app.register(multipart, { attachFieldsToBody: true });
  app.get('/form', async (_request, reply) => reply.csrfToken());
  app.post('/*', async () => 'done');
  const page = await app.inject('/form');
  const cookie = [page.headers['set-cookie']]
    .flat()
    .map((field) => field?.split(';')[0])
    .join('; ');
  const post = async (headers: Record<string, string> = {}, url = '/', payload = '') => {
    lines.length = 0;
    const { statusCode } = await app.inject({
      method: 'POST',
      url,
      headers: { cookie, ...headers },
      payload,
    });
    expect(statusCode).toBe(403);
    const refused = lines.filter(({ event }) => event === 'csrf.refused');
    expect(refused).toHaveLength(1);
    return refused[0] as Record<string, any>;
  };
  return { post, token: page.body, keyturn, clock };
}

describe('a refused request', () => {
  test("is logged by the request's own logger, with its id and its route, and nothing that could be secret", async () => {
    const { post } = await make();
    const said = await post(
      {},
      '/reset/kt1.qpMr4rtX.BpVbkABpVccQ.eyJ1c2VySWQiOjQyfQ.secretsecret/x?token=hidden#hidden',
    );
    expect(said).toMatchObject({
      reqId: expect.any(String),
      reason: 'no_token',
      method: 'POST',
      route: '/*',
    });
    expect(JSON.stringify(said)).not.toMatch(/hidden|secretsecret|reset/);
  });

  test('after a revoke is not said to be of another session', async () => {
    const { post, token, keyturn } = await make();
    useRing(keyturn, ringOf([OTHER_SECRET, 'active'], [SECRET, 'revoked']));
    const said = await post({ 'x-csrf-token': token });
    expect(said).toMatchObject({ reason: 'key_revoked', msg: expect.stringContaining('revoked') });
  });

  test('from a page that was open for too long is said to be that', async () => {
    const { post, token, clock } = await make();
    clock.advance(400 * 86_400);
    expect(await post({ 'x-csrf-token': token })).toMatchObject({ reason: 'token_expired' });
  });

  test('with files whose fields nobody has read is told who has to come first', async () => {
    const { post, token } = await make(true);
    const form = new FormData();
    form.append('_csrf', token);
    const request = new Request('http://localhost/', { method: 'POST', body: form });
    const type = request.headers.get('content-type') as string;
    const said = await post({ 'content-type': type }, '/', await request.text());
    expect(said).toMatchObject({ reason: 'no_token', msg: expect.stringContaining('attachFieldsToBody') });
  });

  test('with Origin: null is told of the policy that makes it so', async () => {
    const { post, token } = await make();
    const said = await post({ 'x-csrf-token': token, origin: 'null' });
    expect(said).toMatchObject({ reason: 'foreign_origin', msg: expect.stringContaining('no-referrer') });
    const other = await post({ 'x-csrf-token': token, origin: 'https://evil.example' });
    expect(other.msg).not.toContain('no-referrer');
  });
});

describe('a refused request of no route is logged with its path', () => {
  const refuse = async (path: string) => {
    const logger = memoryLogger();
    const core = await openHttpCore(await testKeyturn({ logger }), {});
    const request = { method: 'POST', header: () => undefined, host: 'a', https: true, path };
    expect(() => new Visit(core, request).protect(undefined)).toThrow();
    return logger.records.find(({ facts }) => facts.event === 'csrf.refused')?.facts.path;
  };

  test.each([
    '0123456789abcdef0123456789abcdef',
    'a3bb189e-8bf9-3888-9912-ace4e6543002',
    'V1StGXR8_Z5jdHi6B-myT',
    'x'.repeat(64),
    'AbCdEfGhIjKlMnOpQr',
    '1234567890123456',
    'ada%40example.com',
  ])('without %s, which may be secret', async (secret) => {
    expect(await refuse(`/reset/${secret}/done?a=${secret}#${secret}`)).toBe('/reset/…/done');
  });

  test('and with words and short ids', async () => {
    const path = '/accounts/4711/forgotten-password/send_me_a_new_one';
    expect(await refuse(path)).toBe(path);
  });

  test('cut short, but never within a secret that would pass for an id then', async () => {
    const said = await refuse(`/${'short/'.repeat(32)}${'7f'.repeat(16)}/${'more/'.repeat(99)}`);
    expect(said).toHaveLength(200);
    expect(said).not.toContain('7f');
  });
});

test('the place of a router of Express is logged without what may be secret in it', () => {
  const secret = '0123456789abcdef0123456789abcdef';
  const request = { baseUrl: `/reset/${secret}`, route: { path: '/:step' } } as never;
  expect(new ExpressHttpRequest(request).route).toBe('/reset/…/:step');
});

test("without a logger of the request's own the app's is used", async () => {
  const logger = memoryLogger();
  const core = await openHttpCore(await testKeyturn({ logger }), {});
  const request = { method: 'POST', header: () => undefined, host: 'a', https: true };
  expect(() => new Visit(core, request).protect(undefined)).toThrow();
  expect(logger.records.map(({ facts }) => facts.event)).toContain('csrf.refused');
});
