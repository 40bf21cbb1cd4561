// Places that hold secrets which a search can tell from everything else, and what is made of them.

import { hostname } from 'node:os';
import { expect, onTestFinished } from 'vitest';
import { type BlobStore, type BlobStoreOptions, createBlobStore } from '../../src/blobs/index.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import type { HttpCore, HttpOptions } from '../../src/http/core.js';
import { openHttpCore } from '../../src/http/open-http-core.js';
import { Visit } from '../../src/http/visit.js';
import { writeDocument } from '../../src/keyring/document.js';
import { Key, type KeyFacts, type KeyState, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import type { TransitionFacts } from '../../src/keyring/step-facts.js';
import type { Keyturn } from '../../src/keyturn.js';
import { Rotation } from '../../src/rotation/rotation.js';
import { type LogMethod, textLogger } from '../../src/runtime/log.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { startKeyturn } from '../../src/start/start.js';
import { everyFormOf, LeakSearch } from './leaks.js';
import {
  COMMAND,
  FILE,
  folderWith,
  kidOf,
  machine,
  NEXT,
  NOW,
  PREVIOUS,
  SECRET,
  type Simulated,
  tempDir,
} from './machine.js';
import { cookiesOf, requestOf } from './visits.js';

// Two of hex digits, one of other characters: encoders make different things of them.
export const CURRENT = 'f3a94d0c6be1827590cd4e3bf7a21865d40b9e7c18f3526ad9e074bc51a8e367';
export const FORMER = 'Planted_w7QkT2vXz9LmR4sB8nYc1HdJ6pGf3-KuA5eZtVoC';
export const COMING = '51c7e90ab8d2f46313e6a5f0947bd82c6e1f03da9c7584b2e0f6193ad7c84b25';
export const STRANGER = '28e6b1fd90c57a43e8d13f06b7c9a254108e5d7fb3c64a92f05d7e81c36ba9d4';

export const DAYS = [NOW, Date.now()].map((at) => new Date(at).toISOString().slice(0, 10));
export const search = new LeakSearch(
  { 'the current secret': CURRENT, 'the former': FORMER, 'the coming': COMING },
  DAYS,
);

/** That no form of the values shows a secret. */
export function expectSilence(...values: readonly unknown[]): void {
  expect(values.length).toBeGreaterThan(0);
  for (const value of values)
    expect(search.find(typeof value === 'string' ? value : everyFormOf(value))).toEqual([]);
}

export const json = JSON.stringify;
export const array = json([CURRENT, FORMER]);
export const document = writeDocument(ringOf([CURRENT, 'active'], [FORMER, 'retiring'], [COMING, 'staged']));
export const TWO_KEYS = writeDocument(ringOf([CURRENT, 'active'], [FORMER, 'retiring']));
export const section = '[security.signing_secret]\n';

/** A ring as a document holds it, with dates of an hour ago. */
export function ringOf(
  ...keys: readonly (readonly [secret: string, state: KeyState, facts?: KeyFacts])[]
): Keyring {
  const dated = keys.map(
    ([secret, state, facts]) =>
      new Key(new Material(secret), state, { dates: { [state]: NOW - 3_600_000 }, ...facts }),
  );
  return new Keyring(dated, { id: 'ring', generation: 3 });
}

/** What seals and opens a shared ring. */
export const sealOf = (root: string) => ({
  place: { prefix: 'keyturn:', name: 'default' },
  roots: [new Material(root)],
});

export interface Place {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Every place that secrets can come from, with the current one and as many companions as it takes. */
export const PLACES: Readonly<Record<string, Place>> = {
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

export interface Started {
  readonly keyturn: Keyturn | undefined;
  /** Everything that the start said: records of the logger, lines of the text logger, the error it ended with. */
  readonly said: readonly unknown[];
}

/** Starts as `createKeyturn` does, at the most talkative level, and ends it with the test. */
export async function start({ env = {}, files = {}, config }: Place, profile = 'dev'): Promise<Started> {
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

export async function started(
  place: Place = PLACES['the variables'] as Place,
  profile = 'dev',
): Promise<Keyturn> {
  const { keyturn } = await start(place, profile);
  if (keyturn === undefined) throw new Error('the start was refused');
  return keyturn;
}

export async function blobs(options: Partial<BlobStoreOptions> = {}): Promise<BlobStore> {
  return await createBlobStore(await started(), { folder: tempDir(), ...options });
}

/** Opens the visit of a browser with a cookie. */
export async function visited(core: HttpCore, cookie?: string, method = 'GET'): Promise<Visit> {
  const visit = new Visit(core, requestOf({ method, cookie }));
  await visit.parts.own.open();
  return visit;
}

/** Ends a visit, and gives the cookies that the browser then sends. */
export async function cookieAfter(visit: Visit): Promise<string> {
  return (await cookiesOf(visit)).map((cookie) => cookie.split(';')[0]).join('; ');
}

/** Everything that an app, an adapter or a store gets hold of, and a few things that it does not. */

export type Provoke = () => unknown;

/** Starts and throws what the start was refused with. */
export async function refused(place: Place, profile = 'prod'): Promise<never> {
  const { said } = await start(place, profile);
  throw said.at(-1);
}

export async function coreOf(options: HttpOptions = {}, config?: Place['config']): Promise<HttpCore> {
  const { env } = PLACES['the variables'] as Place;
  return await openHttpCore(
    await started({ env: env ?? {}, ...(config === undefined ? {} : { config }) }),
    options,
  );
}

/** Two requests of one session in a store. */
export async function twoVisits(): Promise<readonly [Visit, Visit]> {
  const core = await coreOf({ store: memoryStore() });
  const first = await visited(core);
  first.session.user = 'Ada';
  const cookie = await cookieAfter(first);
  return [await visited(core, cookie), await visited(core, cookie)];
}

export const RING = ringOf(
  [CURRENT, 'active'],
  [FORMER, 'retiring', { lifetimes: { session: 60 } }],
  [COMING, 'staged'],
);
export const FACTS: TransitionFacts = {
  now: NOW,
  maxLag: 60,
  skew: 5,
  lifetimes: { session: 60 },
  replicas: [],
};
export const [SIGNS, PAST, NEW] = [CURRENT, FORMER, COMING].map(kidOf) as [string, string, string];
export const fresh = () => new Material(STRANGER);
export const replica = { instance: 'a', verifies: [SIGNS, PAST, NEW], signs: SIGNS };

export const REPORT: ReplicaReport = {
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
export const sign = { env: { [SECRET]: CURRENT } };
export const held = (text: string, files: Place['files'] = {}): Place => ({
  env: { [FILE]: 'held' },
  files: { held: text, ...files },
});

/** Sessions in an engine: where it is holds a password. */
export const sessionsIn = (engine: 'redis' | 'postgres', url: string): Place => ({
  env: {
    [SECRET]: CURRENT,
    KEYTURN_SESSION__BACKEND: engine,
    [`KEYTURN_SESSION__${engine.toUpperCase()}__URL`]: url,
  },
});

/** The steps of a keyring's life, as commands and programs take them. */
export async function rotation({ env = {}, files = {} }: Place): Promise<Rotation> {
  return await Rotation.open({
    machine: machine({ cwd: await folderWith(files), env: { KEYTURN_ENV: 'dev', ...env } }),
  });
}
