// A view of a session that nobody can change: there is no response that could carry the change.
import type { Session, SessionControls } from '../sessions/session.js';
import { watchChanges } from './watch-changes.js';

const CHANGING: ReadonlySet<unknown> = new Set<keyof SessionControls>([
  'regenerate',
  'remember',
  'destroy',
  'update',
  'set',
  'delete',
]);

/**
 * @param refuse called in place of each change
 * @param own what it has instead of the session's own members, or beside them
 */
export function readOnly(
  session: Session,
  refuse: () => never,
  own: Readonly<Record<string, unknown>> = {},
): Session {
  return new Proxy(watchChanges(session, refuse), {
    get: (target, key) => {
      if (typeof key === 'string' && Object.hasOwn(own, key)) return own[key];
      return CHANGING.has(key) ? refuse : Reflect.get(target, key);
    },
  });
}
