// A session and flash messages to look at, where no cookie can be set: the framework has sent the header already, or has
// not begun to make one.
import { KeyturnError } from '../errors.js';
import type { SessionControls, SessionValues } from '../sessions/session.js';
import type { HttpCore } from './core.js';
import { fetchVisit } from './fetch.js';
import type { Flash, FlashMessages } from './flash.js';
import { readOnly } from './read-only.js';
import type { Visit } from './visit.js';

/** `await cookies()` of Next, or a `Cookie` header. */
export type CookiesToRead =
  | string
  | { getAll(): readonly { readonly name: string; readonly value: string }[] };

/** A session that cannot be changed. */
export type ReadSession = Pick<SessionControls, 'id' | 'isNew' | 'expiresAt' | 'get'> &
  Readonly<SessionValues>;

/** Messages that are told and not taken: they come again until somebody takes them who can set a cookie. */
export interface ReadFlash {
  (type: string): readonly string[];
  (): FlashMessages;
}

/** What a Server Component can see of a visitor. */
export interface ReadVisit {
  /** Its data, id and age. */
  readonly session: ReadSession;
  /** Messages for this page. */
  readonly flash: ReadFlash;
}

export async function readVisit(core: HttpCore, cookies: CookiesToRead): Promise<ReadVisit> {
  const header = headerOf(cookies);
  // The one method whose answer nobody sees: flash messages stay.
  const visit = fetchVisit(core, {
    method: 'HEAD',
    headers: { get: (name) => (name === 'cookie' ? header : null) },
  });
  await visit.before();
  return new OpenReadVisit(visit);
}

/** A class: an object literal with getters would have a shape of its own each time. */
class OpenReadVisit implements ReadVisit {
  readonly #visit: Visit;

  constructor(visit: Visit) {
    this.#visit = visit;
  }

  get session(): ReadSession {
    return readOnly(this.#visit.session, () => refuse('a session'));
  }

  get flash(): ReadFlash {
    return ((...given: readonly [string]) =>
      given.length > 1 ? refuse('flash messages') : this.#visit.flash(...given)) as Flash;
  }
}

function headerOf(cookies: CookiesToRead): string {
  if (typeof cookies === 'string') return cookies;
  // Next decodes the values: what was one cookie must not become two.
  return cookies
    .getAll()
    .map(({ name, value }) => `${name}=${encodeURIComponent(value)}`)
    .join('; ');
}

function refuse(what: string): never {
  throw new KeyturnError(
    'argument_invalid',
    `${what} that read() gives cannot be changed: no cookie can be set here`,
    'change it in a route handler or a server action: const visit = await kt.open(request)',
  );
}
