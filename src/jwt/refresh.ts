// Refresh tokens: each is good for one use, which gives the next. One that is used twice has been copied, and then
// the whole family (everything that came of one sign-in) ends.
//
// A token says [family, number], signed for the purpose `refresh`. The store keeps one record per family, with the
// number of its current token, under a one-way name of the family: whoever reads the store learns nothing that a
// token could be made of, not even together with the signing secret.
//
// Two tabs that refresh at once, and a client that never got the answer, present a token that has just been used.
// For a few seconds (`graceSeconds`) the one before the current one is therefore answered with the *current* token:
// signing is deterministic and the record has its dates, so every answer is the same token and nothing secret has
// to be stored. Why this opens no hole:
// - It never forks a family. There is one current token at any time, and no answer within the grace advances it. A
//   thief who is quick enough holds what the owner holds, not a line of tokens of his own.
// - So theft still shows: of two holders of one token one uses it first, and the other presents a used one. Past
//   the grace that ends the family; the grace puts that off to the next refresh and no further.
// - Only the direct predecessor counts, and only since its one use: presenting it does not prolong anything.
// - What the answer gives is no more than the thief would have had by being first.
//
// A token with a number above that of the record is genuine, and its rotation was lost: a store that failed over to
// a copy that was behind, or was restored. It counts as current. Numbers only grow, so what it leaves behind is used.

import { type OptionHints, type OptionNames, requireOptions } from '../config/options.js';
import { requireDuration } from '../config/value.js';
import { KeyturnError } from '../errors.js';
import type { Internals } from '../internals.js';
import { internalsOf, type Keyturn } from '../keyturn.js';
import type { SessionStore } from '../sessions/stores/contract.js';
import { ReachableStore } from '../sessions/stores/reachable.js';
import { isStore } from '../sessions/stores/require.js';
import { isUser } from '../sessions/stores/validate.js';
import type { Json } from '../signing/json.js';
import type { Checked } from '../signing/purpose-keyring.js';
import { randomId } from '../signing/random.js';
import { receive } from '../signing/received.js';
import type { TokenSigner } from '../signing/signer.js';
import { fromJson } from '../signing/token.js';
import { invalid } from './claims.js';
import { advance, type Family, familyIn, nameOf, newFamily, PREFIX, recordOf } from './family.js';
import type {
  IssuedRefreshToken,
  RefreshRefusal,
  RefreshResult,
  RefreshSubject,
  RefreshTokens,
  RefreshTokensOptions,
} from './refresh-types.js';

/** The purpose of refresh tokens. */
const REFRESH = 'refresh';
/** Each rotation that comes in between ends the loop by itself: more means a store that breaks its contract. */
const ATTEMPTS = 5;
const DEFAULT_AGE = 30 * 86_400;
const LONGEST_GRACE = 60;

const REFRESH_OPTIONS: OptionNames<RefreshTokensOptions> = {
  store: true,
  maxAge: true,
  idle: true,
  graceSeconds: true,
};
const SUBJECT: OptionNames<RefreshSubject<unknown>> = { user: true, data: true };
const SUBJECT_HINTS: OptionHints = {
  userId: 'write user: String(userId)',
  maxAge: 'say it to createRefreshTokens: all families live equally long',
};

class StoredRefreshTokens<D> implements RefreshTokens<D> {
  readonly maxAge: number;
  readonly idle: number;
  readonly #grace: number;
  readonly #store: SessionStore;
  readonly #parts: Internals;
  readonly #signer: TokenSigner<readonly [family: string, n: number]>;

  constructor(parts: Internals, options: RefreshTokensOptions) {
    this.#parts = parts;
    this.#store = new ReachableStore(requireStore(options.store));
    this.#signer = parts.ownSigner(REFRESH);
    const longest = this.#signer.maxAge;
    const { maxAge = Math.min(DEFAULT_AGE, longest), idle = maxAge } = options;
    this.maxAge = requireDuration(maxAge, 'maxAge');
    this.idle = Math.min(this.maxAge, requireDuration(idle, 'idle'));
    if (this.idle > longest) {
      throw new KeyturnError(
        'purpose_lifetime',
        `a refresh token may live ${longest} s, and would live ${this.idle} s`,
        options.idle === undefined
          ? `pass idle, ${longest} at most: the time in which each token is to be used, while the family lives for maxAge; or set max_age under [purposes.${REFRESH}] in keyturn.toml: code may only shorten a lifetime`
          : `shorten idle, or set max_age under [purposes.${REFRESH}] in keyturn.toml: code may only shorten a lifetime`,
      );
    }
    this.#grace = requireGrace(options.graceSeconds ?? 10) * 1000;
  }

  async issue(subject: RefreshSubject<D>): Promise<IssuedRefreshToken> {
    requireOptions(subject ?? null, 'issue({ user, data }) of refresh tokens', SUBJECT, SUBJECT_HINTS);
    const { user, data } = subject;
    requireUser(user);
    const family = randomId(16);
    const at = this.#parts.clock();
    const first = newFamily(at, this, data);
    // Before anything is kept: where nothing can be signed nothing is to have happened.
    const token = this.#token(family, first);
    if ((await this.#store.put(nameOf(family), recordOf(first, user, at), 0)) !== 'saved') throw broken();
    return token;
  }

  async rotate(token: unknown): Promise<RefreshResult<D>> {
    const found = await this.#read(token);
    if (!found.ok) return found;
    const { family, n, checked } = found;
    const name = nameOf(family);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const stored = await this.#store.get(name);
      // While the store was asked, the key may have been revoked.
      if (this.#parts.ring.current.get(checked.key.id)?.live !== true) {
        const again = this.#signer.check(token as string);
        if (!again.ok) return again;
      }
      const known = stored === undefined ? undefined : familyIn(stored);
      if (stored === undefined || known === undefined) return this.#refuse('gone', checked);
      const user = stored.user as string;
      if (n < known.n) {
        const at = this.#parts.clock();
        // Both ways: the one that rotated it may have a clock that is ahead.
        if (n === known.n - 1 && Math.abs(at - known.at) < this.#grace) {
          return { ok: true, ...this.#token(family, known), user, data: known.data as D | undefined };
        }
        return await this.#endReused(name, known, user, checked);
      }
      const next = advance(known, n + 1, this.#parts.clock(), stored.createdAt, this);
      if (next === undefined) return this.#refuse('expired', checked);
      // Likewise: the token would count as used, and the client would have no other.
      const issued = this.#token(family, next);
      const outcome = await this.#store.put(name, recordOf(next, user, stored.createdAt), stored.version);
      if (outcome === 'saved') return { ok: true, ...issued, user, data: next.data as D | undefined };
      if (outcome === 'gone') return this.#refuse('gone', checked);
    }
    throw broken();
  }

  async revoke(token: unknown): Promise<boolean> {
    const found = await this.#read(token);
    if (!found.ok) return false;
    const until = Math.max(found.checked.expiresAt, Math.ceil(this.#parts.clock() / 1000) + this.maxAge);
    await this.#store.destroy(nameOf(found.family), until * 1000);
    return true;
  }

  async revokeUser(user: string): Promise<number> {
    requireUser(user);
    const until = this.#parts.clock() + this.maxAge * 1000;
    const families = (await this.#store.listUser(user)).filter(({ id }) => id.startsWith(PREFIX));
    for (const { id, expiresAt } of families) await this.#store.destroy(id, Math.max(until, expiresAt));
    return families.length;
  }

  /** What a genuine token says; for one of an unknown key, after a look for a newer ring. */
  async #read(
    token: unknown,
  ): Promise<
    | { readonly ok: true; readonly family: string; readonly n: number; readonly checked: Checked }
    | RefreshRefusal
  > {
    const received = receive(typeof token === 'string' ? token : '');
    const { keeper } = this.#parts;
    await keeper.lookForKey(() => !this.#signer.knows(received));
    const checked = this.#signer.checkReceived(received);
    if (!checked.ok) return checked;
    const payload = fromJson(checked.json)?.value;
    const [family, n] = Array.isArray(payload) ? payload : [];
    if (typeof family !== 'string' || !Number.isSafeInteger(n)) return this.#refuse('malformed', checked);
    return { ok: true, family, n, checked };
  }

  /** The current token of a family: the same text whenever it is asked for, as long as the same key signs. */
  #token(family: string, { n, iat, exp }: Family): IssuedRefreshToken {
    const token = this.#signer.issueAt(JSON.stringify([family, n]), iat, exp);
    return { token, expiresAt: new Date(exp * 1000) };
  }

  async #endReused(name: string, known: Family, user: string, checked: Checked): Promise<RefreshRefusal> {
    await this.#store.destroy(name, known.ends * 1000);
    this.#parts.usage.refused(REFRESH, 'reused');
    this.#parts.logger.warn(
      { event: 'refresh.reused', kid: checked.key.id, family: name.slice(PREFIX.length, PREFIX.length + 8) },
      'a refresh token was used a second time: it has been copied, so all that came of its sign-in is ended',
    );
    return { ok: false, reason: 'reused', user };
  }

  #refuse(reason: 'malformed' | 'expired' | 'gone', checked: Checked): RefreshRefusal {
    this.#parts.refused(REFRESH, reason, checked.key.id);
    return { ok: false, reason };
  }
}

/**
 * Refresh tokens in a session store, with rotation and reuse detection.
 *
 * @example
 * const refresh = createRefreshTokens(keyturn, { store });
 * const first = await refresh.issue({ user: '42' });
 * // later, with what the client has sent
 * const next = await refresh.rotate(token);
 * return next.ok ? { access: jwt.sign({ sub: next.user }), refresh: next.token } : undefined;
 *
 * @throws KeyturnError `jwt_invalid`, `purpose_lifetime`, `duration_invalid`
 */
export function createRefreshTokens<D = unknown>(
  keyturn: Keyturn,
  options: RefreshTokensOptions,
): RefreshTokens<Json<D>> {
  const parts = internalsOf(keyturn);
  requireOptions(options ?? null, 'createRefreshTokens(keyturn, options)', REFRESH_OPTIONS);
  return new StoredRefreshTokens<Json<D>>(parts, options);
}

function requireStore(store: SessionStore): SessionStore {
  if (isStore(store)) return store;
  throw invalid(
    'refresh tokens have no store',
    'pass a session store, such as memoryStore() from keyturn/stores/memory',
  );
}

function requireUser(user: string): void {
  if (isUser(user)) return;
  throw invalid(
    'user is not a valid id',
    'pass a well-formed text of 1 to 1024 bytes without NUL and U+001F: String(user.id)',
  );
}

function requireGrace(seconds: number): number {
  if (Number.isFinite(seconds) && seconds >= 0 && seconds <= LONGEST_GRACE) return seconds;
  throw invalid(
    `graceSeconds is not a number from 0 to ${LONGEST_GRACE}`,
    'a few seconds are enough for two tabs; a longer grace lets a thief go unseen for longer',
  );
}

function broken(): KeyturnError {
  return invalid(
    'the store of refresh tokens does not take a record that nobody else writes',
    'check the store with sessionStoreContract from keyturn/testing',
  );
}
