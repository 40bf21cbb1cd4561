// Where an adapter has the option moveIn: what is behind it is put together, and what cannot work is refused.
import { type OptionNames, requireOptions } from '../config/options.js';
import { KeyturnError } from '../errors.js';
import { internalsOf, type Keyturn } from '../keyturn.js';
import type { MovingIn } from '../resolve/move-in.js';
import type { AppCookie } from '../sessions/cookie.js';
import { CookieSessions } from '../sessions/in-cookie.js';
import { StoreSessions } from '../sessions/in-store.js';
import type { SessionKind } from '../sessions/kind.js';
import type { SessionName } from '../sessions/session.js';
import type { ExpressStore } from '../sessions/stores/express.js';
import { storeBehind } from '../sessions/stores/express-store.js';
import { cookieFrom } from './attributes.js';
import { OldInCookie } from './in-cookie.js';
import { OldInStore } from './in-store.js';
import type { MoveParts } from './move.js';
import { MovingSessions } from './moving-sessions.js';
import { OldCookies } from './old-cookies.js';
import type { OldLibrary } from './old-library.js';
import { MESSAGES } from './old-messages.js';
import { OldStore } from './old-store.js';
import type { MoveInOption, MoveInOptions } from './options.js';
import { endedThere } from './own-id.js';
import { TakeOver } from './take-over.js';
import { TRAITS, type Traits } from './traits.js';

const OPTIONS: OptionNames<MoveInOptions> = { store: true, cookie: true };

/** What an adapter has where its app moves in. */
export interface MovedIn {
  readonly sessions: SessionKind;
  /** The names of cookies of the old library. */
  readonly names: readonly string[];
}

/**
 * @param kind Keyturn's own sessions in the cookie
 * @param own Keyturn's own cookies
 * @throws KeyturnError `argument_invalid`, `config_invalid`, `store_invalid`
 */
export function openMoveIn(
  keyturn: Keyturn,
  option: MoveInOption,
  kind: SessionKind,
  own: readonly AppCookie[],
): MovedIn {
  const internals = internalsOf(keyturn);
  const [[name, options] = ['', {}], ...more] = Object.entries(option);
  if (name === '' || more.length > 0)
    throw new KeyturnError(
      'argument_invalid',
      `the option moveIn names ${more.length + (name === '' ? 0 : 1)} libraries, and sessions move in from one`,
      "write moveIn: { 'express-session': { store } }",
    );
  requireOptions(options, `moveIn: { '${name}': options }`, OPTIONS);
  const moving = internals.movingIn.get(name);
  if (moving === undefined) throw noSection(name);
  const traits = TRAITS[moving.format];
  if (traits === undefined)
    throw new KeyturnError(
      'config_invalid',
      `sessions cannot move in from ${moving.format}`,
      `those of ${Object.keys(TRAITS).join(', ')} can; other libraries stay beside Keyturn: see docs/bridges`,
    );
  if (!(kind instanceof StoreSessions) && !(kind instanceof CookieSessions))
    throw new TypeError('sessions of another kind cannot have a counterpart');
  const library = libraryOf(moving, traits, options, internals, own[0]?.secure === true);
  const { name: cookieName } = library.cookies;
  if (own.some((one) => one.name === cookieName))
    throw new KeyturnError(
      'config_invalid',
      `${cookieName} is the name of a cookie of ${moving.format}, and of one of Keyturn`,
      'choose another one for Keyturn: name under [session.cookie], or cookie under [csrf]',
    );
  const { phase } = moving;
  internals.usage.movedIn.add(name);
  const { times, clock, cookie } = kind.parts;
  const endOwn = async (id: string, by: 'keyturn' | 'library'): Promise<void> => {
    if (!(kind instanceof StoreSessions)) return;
    const next = by === 'library' ? endedThere(id) : undefined;
    await kind.parts.store.destroy(id, (times.now + times.longest) * 1000, next);
  };
  const inner = kind instanceof StoreSessions ? withMessages(kind) : kind;
  const takeOver = new TakeOver(inner, library, internals, phase);
  const leave: MoveParts['leave'] = (...given) => takeOver.leave(...given);
  const parts = { library, phase, clock, endOwn, clearOwn: () => cookie.clear(), leave };
  return {
    sessions: new MovingSessions(inner, parts, takeOver, moving.until ?? Number.POSITIVE_INFINITY),
    names: [library.cookies.name],
  };
}

/** Two requests that leave or take messages at once are no conflict, as they are none at the library. */
function withMessages({ parts }: StoreSessions): StoreSessions {
  const lastWins = [...(parts.hooks.lastWins ?? []), MESSAGES as SessionName];
  return new StoreSessions({ ...parts, hooks: { ...parts.hooks, lastWins } });
}

function libraryOf(
  moving: MovingIn,
  traits: Traits,
  { store, cookie: given }: MoveInOptions,
  internals: ReturnType<typeof internalsOf>,
  secure: boolean,
): OldLibrary {
  const { name, format } = moving;
  const { codec, style } = traits;
  const { clock } = internals;
  const cookies = new OldCookies({
    internals,
    moving,
    name: moving.cookie ?? traits.cookie,
    format: codec,
    style,
  });
  const cookie = cookieFrom({ ...traits.defaults, ...given }, secure);
  if (!traits.stores) {
    if (store !== undefined)
      throw new KeyturnError(
        'store_invalid',
        `moveIn names a store for ${format}, which keeps its sessions in the cookie`,
        `write moveIn: { '${name}': {} }`,
      );
    return new OldInCookie({ name, cookies, cookie, hasEnd: format === 'koa-session', clock });
  }
  return new OldInStore({ name, cookies, store: new OldStore(requireOldStore(store, name)), cookie, clock });
}

function requireOldStore(store: MoveInOptions['store'], name: string): ExpressStore {
  const isStore = (['get', 'set', 'destroy'] as const).every(
    (method) => typeof store?.[method] === 'function',
  );
  const behind = store == null ? undefined : storeBehind(store);
  if (behind !== undefined) return behind as ExpressStore;
  if (store !== undefined && isStore) return store;
  throw new KeyturnError(
    'store_invalid',
    `moveIn has no store for ${name}, and its sessions are in one`,
    `pass the store that the library was given: moveIn: { '${name}': { store: new RedisStore({ client }) } }`,
  );
}

function noSection(name: string): KeyturnError {
  return new KeyturnError(
    'config_invalid',
    `the option moveIn names ${name}, and no section [move_in.${name}] says what its cookies are signed with`,
    `add to keyturn.toml: [move_in.${name}] with secrets = [{ env = "SESSION_SECRET" }], the variable that the library has got its secret from`,
  );
}
