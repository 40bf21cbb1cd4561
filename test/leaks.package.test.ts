// No secret is ever printed. Secrets are planted in every place that they can come from, and whatever the product
// emits is searched for them and for the keys derived from them: as text, hex, base64, base64url and numbers.
//
// Where each part of that promise is held:
//   every command, and what is typed in the wrong place   test/cli/no-leak.test.ts
//   Locker's answers and its log                          test/locker/production.test.ts
//   every source, broken in every way                     test/resolve/no-leak.test.ts
//   the parser of keyring documents                       test/keyring/document.test.ts
//   every error code, as thrown                           here, "every error"
//   util.inspect & co. of every public object             here, "every object"
//   the logs at the most talkative level                  here, "a start", "a Fastify app"
//   an uncaught error, and Node's own warnings            here, "a process of its own"
import { execFile } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import formbody from '@fastify/formbody';
import Fastify from 'fastify';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import keyturnFastify from '../src/adapters/fastify/index.js';
import { KeyturnError } from '../src/errors.js';
import { openHttpCore } from '../src/http/open-http-core.js';
import { createJwt, createRefreshTokens } from '../src/jwt/index.js';
import { Key, Material } from '../src/keyring/key.js';
import { Keyring } from '../src/keyring/keyring.js';
import { internalsOf, type Keyturn } from '../src/keyturn.js';
import { memoryStore } from '../src/sessions/stores/memory.js';
import { liveRing } from '../src/testing/live-ring.js';
import { Browser } from './support/browser.js';
import { THROWN_CODES } from './support/error-codes.js';
import { everyFormOf } from './support/leaks.js';
import { COMMAND, FILE, folderWith, kidOf, SECRET } from './support/machine.js';
import {
  COMING,
  CURRENT,
  cookieAfter,
  DAYS,
  document,
  expectSilence,
  FORMER,
  held,
  json,
  PLACES,
  type Place,
  type Provoke,
  rotation,
  SIGNS,
  STRANGER,
  search,
  section,
  start,
  started,
  TWO_KEYS,
  visited,
} from './support/planted-secrets.js';
import { PROVOKED } from './support/provoked-errors.js';
import { cookiesOf } from './support/visits.js';

describe('the search finds a planted leak', () => {
  const bytes = Buffer.from(CURRENT);
  const key = new Material(COMING).derive('sign', 'session');
  const wrapped = (offset: number) => Buffer.from(`${'x'.repeat(offset)}${FORMER}tail`);
  test.each<[string, unknown]>([
    ['in a text', `secret=${CURRENT};`],
    ['of which a part is shown', `secret=${CURRENT.slice(20, 33)}…`],
    ['in capitals', CURRENT.toUpperCase()],
    ['as hex', bytes.toString('hex')],
    ['as hex, of decoded hex digits', Buffer.from(CURRENT, 'hex').toString('base64')],
    ['as base64', wrapped(0).toString('base64')],
    ['as base64, shifted by one', wrapped(1).toString('base64')],
    ['as base64url, shifted by two', wrapped(2).toString('base64url')],
    ['broken over lines', `'${FORMER.slice(0, 8)}' +\n  '${FORMER.slice(8)}'`],
    ['escaped', [...bytes].map((byte) => `\\x${byte.toString(16)}`).join('')],
    ['in a Buffer', { bytes }],
    ['in a Uint8Array', { deep: { bytes: new Uint8Array(bytes) } }],
    ['in an ArrayBuffer', new Uint8Array(bytes).buffer],
    ['in a Map', new Map([[{}, { secret: FORMER }]])],
    ['behind a symbol', { [Symbol('hidden')]: COMING }],
    ['in a hidden property', Object.defineProperty({}, 'hidden', { value: COMING })],
    [
      'behind a getter',
      {
        get late() {
          return COMING;
        },
      },
    ],
    ['in toJSON', { toJSON: () => FORMER }],
    ['in the cause of an error', new Error('x', { cause: new Error('y', { cause: FORMER }) })],
    ['in a property of an error', Object.assign(new Error('x'), { input: CURRENT })],
    ['as a derived key', { key }],
    ['as a derived key in base64', Buffer.from(key).toString('base64url')],
    ['as a daily key', new Material(FORMER).child(DAYS[0] as string).derive('sign', 'csrf')],
    ['as an HMAC pad', key.map((byte) => byte ^ 0x36)],
  ])('%s', (_, value) => {
    expect(search.find(typeof value === 'string' ? value : everyFormOf(value))).not.toEqual([]);
  });

  test('and nothing where there is none', () => {
    const kids = [CURRENT, FORMER, COMING].map(kidOf).join(' ');
    expect(
      search.find(`${kids} ${STRANGER} ${everyFormOf({ STRANGER, key: Buffer.from(STRANGER) })}`),
    ).toEqual([]);
  });
});

describe.each(Object.entries(PLACES))('secrets in %s', (_, place) => {
  test('a start says nothing of them, in any profile', async () => {
    const { keyturn, said } = await start(place, 'dev');
    expect(keyturn).toBeDefined();
    expectSilence(...said);
    for (const profile of ['test', 'prod']) expectSilence(...(await start(place, profile)).said);
  });

  test('every object keeps them to itself', async () => {
    const { keyturn, said } = await start(place);
    const objects = await objectsOf(keyturn as Keyturn);
    for (const [name, object] of Object.entries(objects)) {
      expect({ [name]: search.find(everyFormOf(object)) }).toEqual({ [name]: [] });
    }
    // What using them has logged.
    expectSilence(...said);
  });
});

async function objectsOf(keyturn: Keyturn): Promise<Record<string, unknown>> {
  const getters = Object.entries(
    Object.getOwnPropertyDescriptors(Object.getPrototypeOf(keyturn) as object),
  ).filter(([, { get }]) => get);
  const views = Object.fromEntries(getters.map(([name, { get }]) => [`keyturn.${name}`, get?.call(keyturn)]));
  const internals = internalsOf(keyturn);
  const signer = keyturn.signer<{ user: number }>('password-reset', { maxAge: '1h' });
  const token = signer.sign({ user: 1 }, { bind: 'state' });
  const plain = signer.sign({ user: 2 });
  const store = memoryStore();
  const core = await openHttpCore(keyturn, {});
  const stored = await openHttpCore(keyturn, { store, user: () => 'ada' });
  const first = await visited(stored);
  first.session.user = 'Ada';
  const second = await visited(stored, await cookieAfter(first));
  const visit = await visited(core);
  visit.session.user = 'Ada';
  visit.flash('info', 'Saved');
  const access = createJwt(keyturn, { issuer: 'i', audience: 'a' });
  const accessToken = access.sign({ role: 'editor' });
  const refresh = createRefreshTokens(keyturn, { store });
  const issued = await refresh.issue({ user: 'ada' });
  const changes: unknown[] = [];
  const stop = keyturn.on('change', (...rings) => changes.push(rings));
  const { keys, id, generation, marks } = internals.ring.found as Keyring;
  const further = id === undefined ? {} : { id, generation: generation + 1, marks };
  liveRing(keyturn).replace(new Keyring([...keys, new Key(new Material(STRANGER), 'retiring')], further));
  stop();
  expect(changes).toHaveLength(1);
  return {
    keyturn,
    'its class': keyturn.constructor,
    ...views,
    'what keyturn keeps': internals,
    access,
    'an access token': [accessToken, access.verify(accessToken), access.verify(`${accessToken}x`)],
    refresh,
    'a refresh token': [issued, await refresh.rotate(issued.token), await refresh.rotate('x')],
    settings: internals.settings,
    registry: internals.registry,
    'the ring in force': internals.ring,
    keyring: internals.ring.current,
    keys: internals.ring.current.keys,
    material: internals.ring.current.active.material,
    changes,
    signer,
    token,
    verified: signer.verify(token, { bind: 'state' }),
    'verified later': signer.verify(token, { bind: async () => 'state' }),
    refusals: [
      signer.verify(token),
      signer.verify(`${plain.slice(0, -1)}_`),
      signer.verify(CURRENT),
      signer.verify(1),
    ],
    store,
    core,
    'core with a store': stored,
    visit,
    'visit of a store': second,
    session: visit.session,
    'session of a store': second.session,
    csrf: visit.csrfToken(),
    flash: visit.flash,
    changed: await cookiesOf(visit),
    metrics: (keyturn as { metrics?: () => unknown }).metrics?.(),
  };
}

/**
 * `keyring_locked` comes after 15 seconds of waiting; its text is made of a path, a host and a process id.
 * `engine_missing` comes where packages are not installed: test/engines/packages.package.test.ts. `package_incomplete` comes
 * where a file of this package is missing, and its text is made of nothing else.
 */
const ELSEWHERE = ['engine_missing', 'keyring_locked', 'package_incomplete'];

describe('every error', () => {
  test('is provoked here', () => {
    expect(THROWN_CODES.filter((code) => !ELSEWHERE.includes(code) && !(code in PROVOKED))).toEqual([]);
  });

  test.each(Object.entries(PROVOKED))('%s', async (code, provocations) => {
    for (const provoke of provocations) {
      const error = await Promise.resolve()
        .then(provoke)
        .then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
      expect(error).toBeInstanceOf(KeyturnError);
      expect((error as KeyturnError).code).toBe(code);
      expectSilence(error);
    }
  });

  test('of other classes', async () => {
    const keyturn = await started();
    const wrong: Provoke[] = [
      () => internalsOf({ secret: 'none' } as unknown as Keyturn),
      () => keyturn.on(CURRENT.slice(0, 8) as 'change', () => {}),
      () => structuredClone(keyturn.signer),
      () => structuredClone(internalsOf(keyturn)),
      () => (keyturn.keyring.keys as unknown[]).push(1),
      () => keyturn.signer('invitation').verify('x'.repeat(100), { bind: null as unknown as string }),
      () => Reflect.get(keyturn, '#internals', {}),
      () => Object.getOwnPropertyDescriptor(Object.getPrototypeOf(keyturn), 'keyring')?.get?.call({}),
    ];
    for (const provoke of wrong) {
      try {
        expectSilence(await provoke());
      } catch (error) {
        expectSilence(error);
      }
    }
  });
});

test('a rotation tells none', async () => {
  const steps = await rotation(held(TWO_KEYS));
  const staged = await steps.stage({ secret: COMING, who: 'ann', why: 'a test' });
  const after = await rotation(held(document));
  expectSilence(
    steps,
    staged,
    await after.stage({ dryRun: true }).catch((error: unknown) => error),
    await after.promote(undefined, { dryRun: true }),
    await after.status(),
    await after.history(),
    await after.impact({ step: 'rotate' }),
    await after.impact({ step: 'revoke', kid: SIGNS }),
    await after.replicas(),
    after.resolution,
    after.registry,
  );
});

describe('a Fastify app', () => {
  test('logs, answers and shows none, with sessions, CSRF and flash in use', async () => {
    const { keyturn, said } = await start(PLACES['a file with a document'] as Place);
    const log: string[] = [];
    const stream = { write: (line: string) => log.push(line) };
    const app = Fastify({ logger: { level: 'trace', stream } });
    onTestFinished(() => app.close());
    const seen: unknown[] = [];
    await app.register(formbody);
    await app.register(keyturnFastify, { keyturn: keyturn as Keyturn });
    app.get('/form', async (request, reply) => {
      request.log.trace(
        { session: request.session, keyturn: app.keyturn, flash: request.flash() },
        'all there is',
      );
      seen.push(request.session, request.flash, app.keyturn);
      // Node's sockets and servers hang on them: everything of them would be a hundred megabytes.
      for (const wide of [request, reply, app]) seen.push(inspect(wide, { depth: 5, showHidden: true }));
      return reply.csrfToken();
    });
    app.post('/sign-in', async (request) => {
      request.session.regenerate();
      request.session.user = 'Ada';
      request.flash('info', 'Welcome');
      return request.session;
    });
    app.post('/large', async (request) => {
      request.session.text = 'x'.repeat(5000);
      return 'never';
    });
    app.get('/broken', async (request) => {
      throw Object.assign(new Error('broken'), { session: request.session, keyturn: app.keyturn });
    });
    await app.listen({ port: 0, host: 'localhost' });
    const browser = new Browser(`http://localhost:${(app.server.address() as AddressInfo).port}`);
    const answers = [await browser.get('/form')];
    const _csrf = answers[0]?.text as string;
    answers.push(
      await browser.ask('/sign-in', { method: 'POST', form: { _csrf } }),
      await browser.get('/form'),
      await browser.post('/sign-in', {}, { 'x-csrf-token': CURRENT.slice(0, 10) }),
      await browser.get('/broken'),
      await browser.get('/nowhere'),
    );
    const { text } = await browser.get('/form');
    answers.push(await browser.ask('/large', { method: 'POST', form: { _csrf: text } }));
    await browser.plant('keyturn.sid', `${(await browser.cookie('keyturn.sid'))?.slice(0, -1)}_`);
    answers.push(await browser.get('/form'));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 403, 500, 404, 500, 200]);
    expect(log.join('')).toContain('all there is');
    expect(said.some((line) => String(line).includes('token.refused'))).toBe(true);
    for (const { headers, text: body } of answers) expectSilence(`${body} ${json([...headers])}`);
    expectSilence(log.join(''), ...said, ...seen);
  });
});

describe('a process of its own', () => {
  const DIST = pathToFileURL(resolve('dist/index.js')).href;
  const FLAGS = ['--trace-uncaught', '--trace-warnings', '--trace-deprecation', '--pending-deprecation'];

  interface Ended {
    readonly failed: boolean;
    readonly output: string;
  }

  async function run(script: string, { env = {}, files = {} }: Place, profile: string): Promise<Ended> {
    const args = [
      ...FLAGS,
      '--input-type=module',
      '--eval',
      `import { createKeyturn } from '${DIST}';\n${script}`,
    ];
    const options = {
      cwd: await folderWith(files),
      env: { PATH: process.env.PATH, KEYTURN_ENV: profile, KEYTURN_LOG__LEVEL: 'debug', ...env },
      maxBuffer: 64 * 1024 * 1024,
    };
    return await new Promise((done) => {
      execFile(process.execPath, args, options, (error, stdout, stderr) =>
        done({ failed: error !== null, output: stdout + stderr }),
      );
    });
  }

  /** Prints what it has, warns of it, and dies of an error that carries it. */
  const PRINTS = `
    const keyturn = await createKeyturn();
    const signer = keyturn.signer('password-reset');
    const token = signer.sign({ user: 1 });
    signer.verify(token.slice(0, -1) + '_');
    const everything = { keyturn, keyring: keyturn.keyring, signer, result: signer.verify(token) };
    console.log(everything, keyturn, signer);
    console.dir(everything, { showHidden: true, depth: null });
    console.log('%s %o %O %j', keyturn, keyturn, signer, everything);
    process.emitWarning('printed', { code: 'PLANTED', detail: JSON.stringify(everything) });
    let cause;
    try { signer.sign(undefined); } catch (error) { cause = error; }
    setTimeout(() => { throw Object.assign(new Error('it broke', { cause }), everything); }, 20);
  `;

  const fromOutside = Object.entries(PLACES).filter(([, place]) => place.config === undefined);
  test.concurrent.each(fromOutside)('prints none from %s, and dies silently', async (_, place) => {
    const { failed, output } = await run(PRINTS, place, 'dev');
    expect(failed).toBe(true);
    for (const text of [
      'keyturn: debug: ',
      '[PLANTED] Warning: printed',
      'Error: it broke',
      'payload_not_json',
    ])
      expect(output).toContain(text);
    expect(search.find(output)).toEqual([]);
  });

  test.concurrent.each<[string, Place]>([
    ['two lines', { env: { [SECRET]: `${CURRENT}\n${FORMER}` } }],
    ['too short', { env: { [SECRET]: CURRENT.slice(0, 40) } }],
    ['a wrong variable', { env: { KEYTURN_SECRET: CURRENT } }],
    ['a wrong setting', { env: { KEYTURN_SESSION__IDLE: CURRENT } }],
    ['for a path', { env: { [FILE]: CURRENT } }],
    ['for a profile', { env: { KEYTURN_ENV: FORMER } }],
    ['for a command', { env: { [COMMAND]: json([CURRENT]) } }],
    [
      'printed by a command that fails',
      { env: { [COMMAND]: json(['sh', '-c', `echo ${CURRENT} >&2; exit 1`]) } },
    ],
    ['a broken array', held(`["${CURRENT}", "${FORMER}`)],
    ['a broken document', held(document.slice(0, -40))],
    ['a document with another kid', held(document.replace(SIGNS, CURRENT))],
    ['a broken keyturn.toml', { files: { 'keyturn.toml': `${section}secret = "${CURRENT}` } }],
    ['keyturn.toml in production', PLACES['keyturn.toml'] as Place],
  ])('dies silently of a secret that is broken: %s', async (_, place) => {
    const { failed, output } = await run('await createKeyturn();', place, 'prod');
    expect(failed).toBe(true);
    expect(output).toContain('KeyturnError: ');
    expect(search.find(output)).toEqual([]);
  });
});

beforeAll(() => {
  const warn = (warning: Error) => expectSilence(warning);
  process.on('warning', warn);
  return () => process.off('warning', warn);
});
