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
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import formbody from '@fastify/formbody';
import Fastify from 'fastify';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import keyturnFastify from '../src/adapters/fastify/index.js';
import { type BlobStore, type BlobStoreOptions, createBlobStore } from '../src/blobs/index.js';
import type { BlobWriter } from '../src/blobs/parts.js';
import { searchWordlist } from '../src/doctor/wordlist.js';
import { KeyturnError } from '../src/errors.js';
import { refuseDisagreement } from '../src/fleet/refusals.js';
import type { ReplicaReport } from '../src/fleet/report.js';
import { HttpCore, type HttpOptions } from '../src/http/core.js';
import { Visit } from '../src/http/visit.js';
import { createKeyturn } from '../src/index.js';
import { createJwt, createRefreshTokens } from '../src/jwt/index.js';
import { writeDocument } from '../src/keyring/document.js';
import { changeDocument } from '../src/keyring/file.js';
import { Key, type KeyFacts, type KeyState, Material } from '../src/keyring/key.js';
import { Keyring } from '../src/keyring/keyring.js';
import { LiveKeyring } from '../src/keyring/live.js';
import { openRing, sealRing } from '../src/keyring/sealed-ring.js';
import { requireSpareRoom } from '../src/keyring/size-limit.js';
import type { TransitionFacts } from '../src/keyring/step-facts.js';
import * as transitions from '../src/keyring/transitions.js';
import { FileRingStore } from '../src/keyring-stores/file.js';
import { internalsOf, type Keyturn } from '../src/keyturn.js';
import { initKeyring } from '../src/rotation/index.js';
import { initRing } from '../src/rotation/init/init.js';
import { COMMAND_WORDS } from '../src/rotation/refusals.js';
import { Rotation } from '../src/rotation/rotation.js';
import { type LogMethod, textLogger } from '../src/runtime/log.js';
import { sealedStore } from '../src/sealed-store.js';
import { AppCookie } from '../src/sessions/cookie.js';
import { memoryStore } from '../src/sessions/stores/memory.js';
import { postgresStore, sessionSchemaSql } from '../src/sessions/stores/postgres.js';
import { redisStore } from '../src/sessions/stores/redis.js';
import { sealerUnavailable } from '../src/signing/sodium.js';
import { startKeyturn } from '../src/start/start.js';
import { Browser } from './support/browser.js';
import { THROWN_CODES } from './support/error-codes.js';
import { everyFormOf, LeakSearch } from './support/leaks.js';
import {
  COMMAND,
  FILE,
  folderWith,
  kidOf,
  machine,
  NEXT,
  NOW,
  PREVIOUS,
  REVOKED,
  resolveOn,
  SECRET,
  type Simulated,
  tempDir,
} from './support/machine.js';
import { cookiesOf, requestOf } from './support/visits.js';

// Two of hex digits, one of other characters: encoders make different things of them.
const CURRENT = 'f3a94d0c6be1827590cd4e3bf7a21865d40b9e7c18f3526ad9e074bc51a8e367';
const FORMER = 'Planted_w7QkT2vXz9LmR4sB8nYc1HdJ6pGf3-KuA5eZtVoC';
const COMING = '51c7e90ab8d2f46313e6a5f0947bd82c6e1f03da9c7584b2e0f6193ad7c84b25';
const STRANGER = '28e6b1fd90c57a43e8d13f06b7c9a254108e5d7fb3c64a92f05d7e81c36ba9d4';

const DAYS = [NOW, Date.now()].map((at) => new Date(at).toISOString().slice(0, 10));
const search = new LeakSearch(
  { 'the current secret': CURRENT, 'the former': FORMER, 'the coming': COMING },
  DAYS,
);

/** That no form of the values shows a secret. */
function expectSilence(...values: readonly unknown[]): void {
  expect(values.length).toBeGreaterThan(0);
  for (const value of values)
    expect(search.find(typeof value === 'string' ? value : everyFormOf(value))).toEqual([]);
}

const json = JSON.stringify;
const array = json([CURRENT, FORMER]);
const document = writeDocument(ringOf([CURRENT, 'active'], [FORMER, 'retiring'], [COMING, 'staged']));
const TWO_KEYS = writeDocument(ringOf([CURRENT, 'active'], [FORMER, 'retiring']));
const section = '[security.signing_secret]\n';

/** A ring as a document holds it, with dates of an hour ago. */
function ringOf(...keys: readonly (readonly [secret: string, state: KeyState, facts?: KeyFacts])[]): Keyring {
  const dated = keys.map(
    ([secret, state, facts]) =>
      new Key(new Material(secret), state, { dates: { [state]: NOW - 3_600_000 }, ...facts }),
  );
  return new Keyring(dated, { id: 'ring', generation: 3 });
}

/** What seals and opens a shared ring. */
const sealOf = (root: string) => ({
  place: { prefix: 'keyturn:', name: 'default' },
  roots: [new Material(root)],
});

interface Place {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Every place that secrets can come from, with the current one and as many companions as it takes. */
const PLACES: Readonly<Record<string, Place>> = {
  'the variables': { env: { [SECRET]: CURRENT, [PREVIOUS]: FORMER, [NEXT]: json([COMING]) } },
  'a file with a line': {
    env: { [FILE]: 'held', [PREVIOUS]: FORMER, [NEXT]: COMING },
    files: { held: `${CURRENT}\n` },
  },
  'a file with an array': { env: { [FILE]: 'held', [NEXT]: COMING }, files: { held: array } },
  'a file with a document': { env: { [FILE]: 'held' }, files: { held: document } },
  'a command': { env: { [COMMAND]: json(['cat', 'held']), [NEXT]: COMING }, files: { held: array } },
  'the arguments of a command': { env: { [COMMAND]: json(['echo', CURRENT]), [PREVIOUS]: FORMER } },
  'keyturn.toml': {
    files: {
      'keyturn.toml': `${section}secret = "${CURRENT}"\nprevious_secrets = ["${FORMER}"]\nnext_secrets = ["${COMING}"]\n`,
    },
  },
  'the program': {
    config: {
      security: { signing_secret: { secret: CURRENT, previous_secrets: [FORMER], next_secrets: [COMING] } },
    },
  },
  '.keyturn/secret': { env: { [PREVIOUS]: FORMER }, files: { '.keyturn/secret': CURRENT } },
};

interface Started {
  readonly keyturn: Keyturn | undefined;
  /** Everything that the start said: records of the logger, lines of the text logger, the error it ended with. */
  readonly said: readonly unknown[];
}

/** Starts as `createKeyturn` does, at the most talkative level, and ends it with the test. */
async function start({ env = {}, files = {}, config }: Place, profile = 'dev'): Promise<Started> {
  const said: unknown[] = [];
  const lines = textLogger('debug', (line) => said.push(line));
  const method =
    (level: 'debug' | 'info' | 'warn' | 'error'): LogMethod =>
    (facts, message) => {
      said.push({ facts, message });
      lines[level](facts, message);
    };
  const logger = {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  };
  const simulated: Simulated = { cwd: await folderWith(files), env: { KEYTURN_ENV: profile, ...env } };
  try {
    const options = config === undefined ? { logger } : { logger, config };
    const keyturn = await startKeyturn(options, machine(simulated));
    onTestFinished(() => keyturn.close());
    return { keyturn, said };
  } catch (error) {
    said.push(error);
    return { keyturn: undefined, said };
  }
}

async function started(place: Place = PLACES['the variables'] as Place, profile = 'dev'): Promise<Keyturn> {
  const { keyturn } = await start(place, profile);
  if (keyturn === undefined) throw new Error('the start was refused');
  return keyturn;
}

async function blobs(options: Partial<BlobStoreOptions> = {}): Promise<BlobStore> {
  return await createBlobStore(await started(), { folder: tempDir(), ...options });
}

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

/** Opens the visit of a browser with a cookie. */
async function visited(core: HttpCore, cookie?: string, method = 'GET'): Promise<Visit> {
  const visit = new Visit(core, requestOf({ method, cookie }));
  await visit.open();
  return visit;
}

/** Ends a visit, and gives the cookies that the browser then sends. */
async function cookieAfter(visit: Visit): Promise<string> {
  return (await cookiesOf(visit)).map((cookie) => cookie.split(';')[0]).join('; ');
}

/** Everything that an app, an adapter or a store gets hold of, and a few things that it does not. */
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
  const core = await HttpCore.open(keyturn, {});
  const stored = await HttpCore.open(keyturn, { store, user: () => 'ada' });
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
  internals.ring.replace(new Keyring([...keys, new Key(new Material(STRANGER), 'retiring')], further));
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

type Provoke = () => unknown;

/** Starts and throws what the start was refused with. */
async function refused(place: Place, profile = 'prod'): Promise<never> {
  const { said } = await start(place, profile);
  throw said.at(-1);
}

async function coreOf(options: HttpOptions = {}, config?: Place['config']): Promise<HttpCore> {
  const { env } = PLACES['the variables'] as Place;
  return await HttpCore.open(
    await started({ env: env ?? {}, ...(config === undefined ? {} : { config }) }),
    options,
  );
}

/** Two requests of one session in a store. */
async function twoVisits(): Promise<readonly [Visit, Visit]> {
  const core = await coreOf({ store: memoryStore() });
  const first = await visited(core);
  first.session.user = 'Ada';
  const cookie = await cookieAfter(first);
  return [await visited(core, cookie), await visited(core, cookie)];
}

const RING = ringOf(
  [CURRENT, 'active'],
  [FORMER, 'retiring', { lifetimes: { session: 60 } }],
  [COMING, 'staged'],
);
const FACTS: TransitionFacts = {
  now: NOW,
  maxLag: 60,
  skew: 5,
  lifetimes: { session: 60 },
  replicas: [],
};
const [SIGNS, PAST, NEW] = [CURRENT, FORMER, COMING].map(kidOf) as [string, string, string];
const fresh = () => new Material(STRANGER);
const replica = { instance: 'a', verifies: [SIGNS, PAST, NEW], signs: SIGNS };

const REPORT: ReplicaReport = {
  ...replica,
  host: hostname(),
  pid: process.pid,
  at: NOW,
  profile: 'prod',
  source: FILE,
  ring: undefined,
  generation: 0,
  fingerprint: 'AAAAAAAAAAA',
  loadedAt: NOW,
  uses: [],
  lifetimes: {},
  maxLag: 1,
  degraded: undefined,
};
const sign = { env: { [SECRET]: CURRENT } };
const held = (text: string, files: Place['files'] = {}): Place => ({
  env: { [FILE]: 'held' },
  files: { held: text, ...files },
});

/** Sessions in an engine: where it is holds a password. */
const sessionsIn = (engine: 'redis' | 'postgres', url: string): Place => ({
  env: {
    [SECRET]: CURRENT,
    KEYTURN_SESSION__BACKEND: engine,
    [`KEYTURN_SESSION__${engine.toUpperCase()}__URL`]: url,
  },
});

/** The steps of a keyring's life, as commands and programs take them. */
async function rotation({ env = {}, files = {} }: Place): Promise<Rotation> {
  return await Rotation.open({
    machine: machine({ cwd: await folderWith(files), env: { KEYTURN_ENV: 'dev', ...env } }),
  });
}

/** One way at least to every error code. Where a secret could be mistaken for something else, it is. */
const PROVOKED: Readonly<Record<string, readonly Provoke[]>> = {
  command_failed: [
    () => refused({ env: { [COMMAND]: json(['sh', '-c', `echo ${CURRENT}; echo ${CURRENT} >&2; exit 3`]) } }),
    () => refused({ env: { [COMMAND]: json([CURRENT, FORMER]) } }),
  ],
  config_elsewhere: [
    async () => {
      const cwd = await folderWith({ 'apps/web/keyturn.toml': '' });
      const env = { KEYTURN_ENV: 'dev', [SECRET]: CURRENT };
      await initRing({ machine: machine({ cwd, env }), placeSaid: false, imported: [] });
    },
  ],
  config_invalid: [
    () => refused({ env: { [SECRET]: CURRENT, KEYTURN_SESSION__IDLE: FORMER } }),
    () => refused({ ...sign, files: { 'keyturn.toml': `${section}previous_secrets = ["${FORMER}` } }),
    () => refused(sessionsIn('redis', `redis://:${FORMER}@host:port`)),
    () => refused(sessionsIn('redis', `redis://:${FORMER}@host/${COMING}`)),
    () => refused(sessionsIn('postgres', `postgres://ada:${FORMER}#@host/name`)),
  ],
  config_unknown_key: [
    () => refused({ env: { KEYTURN_SECRET: CURRENT } }),
    () => refused({ ...sign, files: { 'keyturn.toml': `${section}secrt = "${FORMER}"` } }),
  ],
  cookie_invalid: [
    ...['name', 'domain', 'path'].map(
      (name) => () => refused({ ...sign, config: { session: { cookie: { [name]: `${CURRENT} ` } } } }),
    ),
    async () => new AppCookie(`${CURRENT} `, internalsOf(await started()).settings, 'dev'),
    async () => new AppCookie(`__Host-${CURRENT}`, internalsOf(await started()).settings, 'dev'),
  ],
  argument_invalid: [
    async () => await createKeyturn({ [CURRENT]: FORMER } as never),
    async () => await createKeyturn({ secret: CURRENT } as never),
    async () => (await started()).signer('invitation', { [CURRENT]: CURRENT } as never),
    async () => (await started()).signer('invitation', CURRENT as never),
    async () => (await visited(await coreOf())).session.regenerate(CURRENT as never),
    async () => (await visited(await coreOf())).flash('info', [CURRENT] as never),
  ],
  csrf_refused: [async () => (await visited(await coreOf(), undefined, 'POST')).checkCsrf(CURRENT)],
  document_invalid: [
    () => refused(held(`{"keyturn": 1, "keys": ["${CURRENT}`)),
    () => refused(held(document.replace(SIGNS, CURRENT))),
    () => refused(held(document.replace('"active"', `"${CURRENT}"`))),
  ],
  document_version: [() => refused(held(document.replace('"keyturn": 1', '"keyturn": 2')))],
  done_already: [
    () => transitions.promote(RING, SIGNS, FACTS),
    () => transitions.retire(ringOf([CURRENT, 'active']), undefined, FACTS),
  ],
  dev_secret_unwritable: [
    () =>
      refused(
        { env: { KEYTURN_DATA_DIR: 'held/within', [PREVIOUS]: FORMER }, files: { held: CURRENT } },
        'dev',
      ),
  ],
  duration_invalid: [async () => (await started()).signer('password-reset', { maxAge: CURRENT })],
  engine_unavailable: [
    async () => {
      const store = memoryStore();
      const core = await coreOf({ store });
      const first = await visited(core);
      first.session.user = 'Ada';
      const cookie = await cookieAfter(first);
      store.get = () => {
        throw new Error('away');
      };
      await visited(core, cookie);
    },
    async () => (await started(sessionsIn('redis', `redis://:${FORMER}@127.0.0.1:1`))).sessionStore?.get('x'),
    async () =>
      (await started(sessionsIn('postgres', `postgres://ada:${FORMER}@127.0.0.1:1/x`))).sessionStore?.get(
        'x',
      ),
  ],
  flash_too_large: [
    async () => {
      const visit = await visited(await coreOf());
      visit.flash('info', 'x'.repeat(5000));
      await visit.finish(new Headers());
    },
  ],
  key_in_use: [
    () =>
      transitions.retire(RING, PAST, {
        ...FACTS,
        replicas: [{ ...replica, lastVerified: { [PAST]: NOW } }],
      }),
  ],
  key_state: [
    () => transitions.stage(ringOf([CURRENT, 'active']), new Material(CURRENT), FACTS),
    () => transitions.retire(RING, SIGNS, FACTS),
  ],
  key_unknown: [
    () => transitions.promote(RING, CURRENT, FACTS),
    () => transitions.promote(ringOf([CURRENT, 'active']), undefined, FACTS),
  ],
  keyring_exists: [
    async () => {
      const cwd = await folderWith({});
      const env = { KEYTURN_ENV: 'dev', [SECRET]: CURRENT };
      await initKeyring({ cwd, env });
      await initKeyring({ cwd, env });
    },
  ],
  keyring_full: [
    () =>
      requireSpareRoom(
        new Keyring(RING.keys, {
          id: 'ring',
          history: [{ at: NOW, what: 'stage', kid: 'AAAAAAAA', why: 'x'.repeat(1024 * 1024) }],
        }),
      ),
  ],
  keyring_invalid: [
    () => refused({ env: { [SECRET]: CURRENT, [REVOKED]: FORMER } }),
    () => refused(held(document.replace('"active"', '"retiring"'))),
    () => ringOf([CURRENT, 'active'], [CURRENT, 'staged']),
  ],
  keyring_not_document: [
    async () => (await rotation(PLACES['the variables'] as Place)).stage(),
    async () => (await rotation(PLACES['a file with an array'] as Place)).rollback(),

    () => transitions.stage(new Keyring([new Key(new Material(CURRENT), 'active')]), fresh(), FACTS),
  ],
  keyring_missing: [() => new FileRingStore(`${tempDir()}/none`, 900, Date.now).read()],
  keyring_sealed: [() => openRing(sealRing(RING, sealOf(CURRENT)), 'a store', sealOf(FORMER))],
  keyring_unavailable: [() => new LiveKeyring(undefined, Date.now).current],
  keyring_outdated: [
    () => new LiveKeyring(RING, () => NOW).replace(new Keyring(RING.keys, { id: 'ring', generation: 2 })),
  ],
  keyring_forked: [
    () =>
      new LiveKeyring(RING, () => NOW).replace(
        new Keyring(RING.keys.slice(0, 2), { id: 'ring', generation: 3 }),
      ),
    () =>
      new LiveKeyring(RING, () => NOW).replace(
        new Keyring(RING.keys.slice(0, 2), { id: 'ring', generation: 4, marks: RING.marks }),
      ),
    () => new LiveKeyring(RING, () => NOW).replace(new Keyring(RING.keys, { id: 'another' })),
  ],
  keyring_with_companions: [
    () => refused({ ...held(document), env: { [FILE]: 'held', [PREVIOUS]: FORMER } }),
  ],
  keyring_unwritable: [
    () => changeDocument('/nowhere/held', () => RING),
    async () =>
      (await rotation({ env: { [COMMAND]: json(['cat', 'held']) }, files: { held: document } })).stage(),
  ],
  payload_not_json: [
    async () => (await started()).signer('invitation').sign({ [CURRENT]: 1n }),
    async () => (await started()).signer('invitation').sign(undefined),
  ],
  payload_too_large: [
    async () => (await started()).sealer('draft', { maxAge: '1h' }).seal(CURRENT.repeat(20_000)),
  ],
  profile_differs: [
    async () => {
      return (await rotation(held(document, { 'held.fleet/a.json': json(REPORT) }))).stage();
    },
  ],
  env_file_not_loaded: [
    async () => {
      const cwd = await folderWith({ '.env': `${SECRET}=${CURRENT}` });
      const { problems } = await resolveOn({ cwd, env: { KEYTURN_ENV: 'dev' } });
      throw problems[0]?.error;
    },
  ],
  profile_refused: [() => refused({ env: { DYNO: CURRENT } }, 'test')],
  build_only: [
    async () => {
      const keyturn = await started({ env: { KEYTURN_BUILD: '1', [SECRET]: CURRENT } });
      keyturn.signer('password-reset').sign(1);
    },
  ],
  profile_unknown: [() => refused({}, CURRENT), () => refused({}, FORMER)],
  purpose_invalid: [async () => (await started()).signer(CURRENT)],
  wordlist_unreadable: [async () => await searchWordlist(resolve(CURRENT), 'the list', [])],
  source_differs: [
    async () => {
      // It signs with a key that is in no document.
      const report = json({ ...REPORT, profile: 'dev', signs: new Material(CURRENT).kid });
      await (await rotation(held(document, { 'held.fleet/a.json': report }))).promote();
    },
  ],
  purpose_lifetime: [
    async () => (await started()).signer('password-reset', { maxAge: '9d' }),
    async () => (await started()).signer('invitation').sign(1, { maxAge: '99d' }),
  ],
  purpose_reserved: [async () => (await started()).signer('session')],
  purpose_sealed: [
    async () => (await started()).sealer('invitation'),
    async () => {
      const kt = await started();
      kt.sealer('draft', { maxAge: '1h' });
      kt.signer('draft');
    },
  ],
  sealer_unavailable: [
    () => {
      throw sealerUnavailable('draft');
    },
  ],
  purpose_undeclared: [async () => (await started(undefined, 'prod')).signer('unheard-of', { maxAge: '1h' })],
  jwt_invalid: [
    async () => createJwt(await started(), { issuer: '', audience: CURRENT }),
    async () => createJwt(await started(), { issuer: CURRENT, audience: FORMER }).sign({ iss: CURRENT }),
    async () => createRefreshTokens(await started(), { store: { [CURRENT]: FORMER } as never }),
  ],
  bind_invalid: [async () => (await started()).signer('invitation').sign(1, { bind: '' })],
  store_invalid: [
    () => redisStore({ client: CURRENT as never }),
    () => postgresStore({ pool: CURRENT as never }),
    () => sessionSchemaSql(CURRENT),
    async () => sealedStore(memoryStore(), await started(), { plain: CURRENT as never }),
  ],
  link_invalid: [
    async () => (await started()).links({ base: CURRENT }),
    async () => (await started()).links().sign(CURRENT),
    async () => (await started()).links().sign('/', { method: `${CURRENT} ` }),
    async () => (await started()).links({ base: `/${CURRENT}` }).sign(`/${FORMER}`),
    async () => (await started()).links({ base: `https://${CURRENT}.test` }).sign(`https://${FORMER}.test`),
    async () => await blobs({ prefix: CURRENT }),
  ],
  blob_changed: [
    async () => {
      const store = await blobs();
      await store.put(CURRENT, Buffer.from(CURRENT));
      await (store as BlobStore & BlobWriter).putIf(CURRENT, Buffer.from(CURRENT), {}, () => false);
    },
  ],
  blob_exists: [
    async () => {
      const store = await blobs();
      for (const content of [CURRENT, FORMER]) await store.put(CURRENT, Buffer.from(content));
    },
  ],
  blob_incomplete: [async () => await (await blobs()).put(CURRENT, Buffer.from(CURRENT), { size: 1000 })],
  blob_name_invalid: [
    async () => await (await blobs()).put(`${CURRENT}/..`, Buffer.from(CURRENT)),
    async () => (await blobs()).signedUrl(`${CURRENT}/..`),
  ],
  blob_too_large: [async () => await (await blobs()).put(CURRENT, Buffer.from(CURRENT), { maxSize: 1 })],
  blob_type_refused: [
    async () => await (await blobs()).put('a', Buffer.from(CURRENT), { type: CURRENT }),
    async () =>
      await (await blobs({ types: [`x/${FORMER}`] })).put('a', Buffer.from(''), { type: `x/${CURRENT}` }),
    async () => (await blobs()).signedUrl('a', { method: 'PUT', type: CURRENT }),
  ],
  history_text_invalid: [
    () => transitions.revoke(RING, PAST, fresh(), { ...FACTS, why: `${CURRENT}\n${FORMER}` }),
    () => transitions.revoke(RING, PAST, fresh(), { ...FACTS, why: CURRENT.repeat(20) }),
  ],
  reason_missing: [() => transitions.revoke(RING, PAST, fresh(), FACTS)],
  replica_behind: [
    () => transitions.promote(RING, NEW, { ...FACTS, replicas: [{ ...replica, verifies: [SIGNS] }] }),
    () => transitions.retire(RING, PAST, { ...FACTS, replicas: [{ ...replica, signs: PAST }] }),
  ],
  rollback_impossible: [() => transitions.rollback(ringOf([CURRENT, 'active']), FACTS)],
  secret_differs: [
    () => {
      const self = { profile: REPORT.profile, roots: ringOf([CURRENT, 'active']), words: COMMAND_WORDS };
      refuseDisagreement(RING, self, [{ ...REPORT, roots: [kidOf(FORMER)] }]);
    },
  ],
  secret_empty: [() => refused({ ...held(CURRENT), env: { [FILE]: 'held', [SECRET]: ' ' } })],
  secret_in_config: [
    () => refused({ files: { 'keyturn.toml': `${section}secret = "${CURRENT}"` } }),
    () =>
      refused({
        env: { [SECRET]: CURRENT },
        config: { security: { signing_secret: { previous_secrets: [FORMER] } } },
      }),
  ],
  secret_malformed: [
    () => refused({ env: { [SECRET]: `${CURRENT}\n${FORMER}` } }),
    () => refused({ env: { [SECRET]: array } }),
    () => refused(held(`["${CURRENT}", `)),
    () => refused({ env: { [COMMAND]: `echo ${CURRENT}` } }),
  ],
  secret_missing: [() => refused({ env: { [PREVIOUS]: FORMER } })],
  secret_unreadable: [
    () => refused({ env: { [FILE]: CURRENT } }),
    () => refused({ env: { [FILE]: FORMER } }),
  ],
  secret_weak: [
    () => refused({ env: { [SECRET]: CURRENT.slice(0, 40) } }),
    () => refused({ env: { [SECRET]: CURRENT, [PREVIOUS]: FORMER.slice(0, 20) } }),
    () => refused(held(json([CURRENT.slice(0, 30), FORMER]))),
    async () => (await rotation(held(TWO_KEYS))).stage({ secret: COMING.slice(0, 40) }),
  ],
  session_conflict: [
    async () => {
      const [one, other] = await twoVisits();
      one.session.user = 'Bob';
      other.session.user = 'Eve';
      await one.finish(new Headers());
      await other.finish(new Headers());
    },
  ],
  session_ended: [
    async () => {
      const [one, other] = await twoVisits();
      one.session.destroy();
      await one.finish(new Headers());
      await other.session.update(() => {});
    },
  ],
  session_invalid: [
    async () => (await visited(await coreOf())).session.set('id', CURRENT),
    async () => {
      const visit = await visited(await coreOf());
      visit.session.number = 1n;
      await visit.finish(new Headers());
    },
  ],
  session_too_large: [
    async () => {
      const visit = await visited(await coreOf());
      visit.session.text = 'x'.repeat(5000);
      await visit.finish(new Headers());
    },
  ],
  stage_pending: [() => transitions.stage(RING, fresh(), FACTS)],
  too_early: [
    () =>
      transitions.promote(
        ringOf([CURRENT, 'active'], [COMING, 'staged', { dates: { staged: NOW } }]),
        NEW,
        FACTS,
      ),
    () =>
      transitions.retire(
        ringOf([CURRENT, 'active'], [FORMER, 'retiring', { dates: { retiring: NOW } }]),
        PAST,
        FACTS,
      ),
  ],
};

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
