// What every adapter to a web framework must do, as cases for any test runner.

import type { SessionStore } from '../../sessions/stores/contract.js';
import { answers } from './answers.js';
import type { Check } from './check.js';
import { clients } from './clients.js';
import { cookieSessions } from './cookie-sessions.js';
import { csrfAttacks } from './csrf-attacks.js';
import { csrfCookie } from './csrf-cookie.js';
import { csrfPages } from './csrf-pages.js';
import { csrfTokens } from './csrf-tokens.js';
import type { HttpCapability, HttpContractCase, HttpContractDriver } from './driver.js';
import { flashMessages } from './flash.js';
import { nested } from './nested.js';
import { proxies } from './proxies.js';
import { type Kind, makeScene } from './scene.js';
import { sessionCookies } from './session-cookies.js';
import { sessionEnds } from './session-ends.js';
import { sessionEpochs } from './session-epochs.js';
import { sessionHeader } from './session-header.js';
import { cookieRemember, sessionRemember, storedRemember } from './session-remember.js';
import { sessionRolling } from './session-rolling.js';
import { sessionRotation } from './session-rotation.js';
import { sessionUpdates } from './session-updates.js';
import { sessionlessRequests, sessionlessStores } from './sessionless.js';
import { sessions } from './sessions.js';
import { failingStores, slowStores } from './slow-stores.js';
import { storedNotes } from './stored-notes.js';
import { storedRaces } from './stored-races.js';
import { storedSessions } from './stored-sessions.js';
import { laterStore } from './stores.js';
import { streams } from './streams.js';

/** A session store to look at the adapter with, besides memory. */
export interface HttpContractStore {
  readonly name: string;
  /** Makes a store that goes by this clock. Sessions have random ids, so stores may share a place. */
  readonly make: (clock: () => number) => SessionStore;
}

/** What `httpContract()` takes. */
export interface HttpContractOptions {
  /** Runs what concerns stores with these, too. Default: memory alone, which is enough for an adapter. */
  readonly stores?: readonly HttpContractStore[];
}

/** Against hanging, and no measure. Milliseconds. */
const LIMIT = 60_000;

/** What holds for sessions, wherever they are kept. */
const EVERY_KIND: readonly Check[] = [
  ...sessions,
  ...sessionEnds,
  ...sessionRolling,
  ...sessionRemember,
  ...sessionHeader,
  ...sessionCookies,
  ...sessionEpochs,
  ...sessionUpdates,
  ...sessionRotation,
  ...answers,
  ...streams,
];

/**
 * What every adapter must do: sessions, CSRF protection and flash messages over HTTP. Each case starts apps of its own.
 *
 * @example
 * for (const { name, skipped, run } of httpContract(driver)) test(name, { skip: skipped ?? false }, run); // node:test
 */
export function httpContract(
  driver: HttpContractDriver,
  { stores = [] }: HttpContractOptions = {},
): readonly HttpContractCase[] {
  const given = stores.map(
    ({ name, make }) => [`sessions in ${name}`, { backend: 'memory', store: make }] as const,
  );
  const memory = ['sessions in memory', { backend: 'memory' }] as const;
  const kinds: readonly (readonly [about: string, kind: Kind])[] = [
    ['sessions in the cookie', { backend: 'cookie' }],
    ['sessions sealed in the cookie', { backend: 'cookie', sealed: true }],
    memory,
    ['sessions in a store that answers later', { backend: 'memory', store: laterStore }],
    ...given,
  ];
  const cookie: Kind = { backend: 'cookie' };
  const cases = (about: string, kind: Kind, checks: readonly Check[]) =>
    checks.map((check) => caseOf(driver, about, kind, check));
  return [
    ...kinds.flatMap(([about, kind]) => cases(about, kind, EVERY_KIND)),
    ...cases('sessions in the cookie', cookie, [...cookieSessions, ...cookieRemember]),
    ...[memory, ...given].flatMap(([about, kind]) =>
      cases(about, kind, [
        ...storedSessions,
        ...storedRemember,
        ...storedNotes,
        ...storedRaces,
        ...slowStores,
        ...failingStores,
      ]),
    ),
    ...cases('requests without a session', { backend: 'memory' }, sessionlessStores),
    ...cases('requests without a session', cookie, sessionlessRequests),
    ...cases('CSRF', cookie, [...csrfTokens, ...csrfPages, ...csrfAttacks]),
    ...cases('a cookie that scripts read their CSRF token from', cookie, csrfCookie),
    ...cases('flash messages', cookie, flashMessages),
    ...cases('proxies', cookie, proxies),
    ...cases('clients', memory[1], clients),
    ...cases('nested apps', cookie, nested),
  ];
}

function caseOf(
  driver: HttpContractDriver,
  about: string,
  kind: Kind,
  { name, needs, run }: Check,
): HttpContractCase {
  const needed: readonly HttpCapability[] = kind.sealed ? ['sealing', ...needs] : needs;
  return {
    name: `${about}: ${name}`,
    needs: needed,
    skipped: needed.map((need) => driver.lacks?.[need]).find((why) => why !== undefined),
    run: async () => {
      const scene = makeScene(driver, kind);
      try {
        await within(LIMIT, run(scene));
      } finally {
        await scene.end();
      }
    },
  };
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it was not over after ${milliseconds} ms`)), milliseconds);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
