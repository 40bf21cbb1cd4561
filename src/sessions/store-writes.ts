// How sessions are written to a store: by compare-and-set, so that parallel requests lose nothing in silence.
import type { TokenSigner } from '../signing/signer.js';
import { fromJson } from '../signing/token.js';
import { dataText, valuesOf } from './data.js';
import { adopt, baseOf, conflict, merge } from './edits.js';
import { decode, encode, renewEpoch, type SessionParts } from './kind.js';
import type { Carried } from './loaded.js';
import type { SessionValues } from './session.js';
import type { SessionState } from './state.js';
import type { Awaitable, SessionRecord, SessionStore } from './stores/contract.js';
import { labelOf, userOf } from './stores/validate.js';

export interface StoreSessionParts extends SessionParts {
  readonly store: SessionStore & Required<Pick<SessionStore, 'begin'>>;
  readonly signer: TokenSigner<string>;
}

/** Under so many writers at once something is wrong with the app, and an error helps more than patience. */
const ATTEMPTS = 100;

/**
 * Compare-and-set until it succeeds, at first on what this request has loaded: `change` gets the data as stored
 * and returns the data to store. What the app holds is brought up to date with it.
 *
 * @returns false when the session has been ended
 */
export async function writeUntilSaved(
  parts: StoreSessionParts,
  state: SessionState,
  change: (theirs: Record<string, unknown>) => Awaitable<Record<string, unknown>>,
): Promise<boolean> {
  const { store, times, hooks } = parts;
  const carried = state.carried as Carried;
  let { version } = carried;
  let theirs = baseOf(state);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (state.moving !== undefined)
      state.moving.basis = fromJson(JSON.stringify(theirs))?.value as typeof theirs;
    const changed = await change(theirs);
    const text = dataText(changed as SessionValues);
    if (!(await renewEpoch(hooks, state, changed as SessionValues))) return false;
    const record = recordOf(parts, state, text, times.expiry(state));
    const outcome = await store.put(state.id, record, version);
    if (outcome === 'saved') {
      if (state.moving !== undefined && !(await state.moving.follow(text))) return false;
      adopt(state.session, merge(baseOf(state), valuesOf(state.session), changed, 'mine'));
      state.base = text;
      state.saved = dataText(state.session);
      carried.version = version + 1;
      return true;
    }
    const stored = outcome === 'gone' ? undefined : await store.get(state.id);
    const decoded = stored === undefined ? undefined : decode(stored.text);
    if (stored === undefined || decoded === undefined) return false;
    version = stored.version;
    theirs = { ...decoded.data };
    if (!state.rememberChanged) state.remembered = decoded.remembered;
  }
  throw conflict('was changed by too many requests at once');
}

/** What the store is to keep of a session. */
export function recordOf(
  parts: StoreSessionParts,
  state: SessionState,
  data: string,
  expiresAt: number,
): SessionRecord {
  const createdAt = state.createdAt ?? parts.times.now;
  const values = fromJson(data)?.value as SessionValues;
  const user = userOf(parts.hooks.user?.(values));
  const label = labelOf(parts.hooks.label?.(values));
  return {
    text: encode(state, createdAt, data),
    createdAt: createdAt * 1000,
    expiresAt: expiresAt * 1000,
    seenAt: parts.clock(),
    ...(user === undefined ? {} : { user }),
    ...(label === undefined ? {} : { label }),
  };
}
