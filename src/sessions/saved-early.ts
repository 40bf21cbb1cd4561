// A session that is saved before its response goes out, as `req.session.save()` does. From then on it stands as one that the
// request has brought along: what comes after is laid over what is kept, and a sign-out ends what is there by now.
import type { SessionState } from './state.js';

/** Call it when a session has been saved, and will be looked at again. */
export function goOnAfterSaving(state: SessionState): void {
  const { written } = state;
  state.moving?.goOn();
  // Nothing had to be sent for it: it stays under the token that the browser has.
  if (written === undefined) return;
  const { id, csrf, data, issuedAt, expiresAt, version } = written;
  state.written = undefined;
  state.begun ||= state.fresh;
  // Nobody asks for the key: such a session is not watched, and its token is as new as can be.
  state.carried = { id, issuedAt, expiresAt, kid: '', stale: false, version };
  state.carriedBinding = csrf ?? id;
  state.base = data;
  state.fresh = false;
  state.regenerated = false;
  state.replaced = undefined;
  state.kept = [];
  state.rememberChanged = false;
  state.overtaken = undefined;
  // Signed out while it was being saved: that is still to be done.
  if (state.ended) return;
  state.destroyed = false;
  state.cleared = undefined;
}
