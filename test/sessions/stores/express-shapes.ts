// Stores of express-session without their engines: each does with a session what the named one does.
import type { ExpressStore } from '../../../src/sessions/stores/express.js';

type Any = any;
type Callback = (error?: unknown, value?: unknown) => void;

/** connect-mongo 6 with `stringify: false` and `touchAfter`: documents are kept as they are given, later, by a copy. */
export function likeConnectMongo(ttl = 1_209_600, touchAfter = 3600): ExpressStore {
  const documents = new Map<string, { session: Any; expires: Date; lastModified: Date }>();
  return {
    get: (sid: string, callback: Callback) =>
      void Promise.resolve().then(() => {
        const found = documents.get(sid);
        if (found === undefined || found.expires <= new Date()) return callback(null, null);
        const session = structuredClone(found.session);
        if (touchAfter > 0) session.lastModified = found.lastModified;
        callback(null, session);
      }),
    set: (sid: string, session: Any, callback: Callback = () => {}) =>
      void Promise.resolve().then(() => {
        if (session.lastModified) delete session.lastModified;
        const { cookie } = session;
        const copy = { ...session, cookie: typeof cookie.toJSON === 'function' ? cookie.toJSON() : cookie };
        const expires = cookie.expires ? new Date(cookie.expires) : new Date(Date.now() + ttl * 1000);
        documents.set(sid, { session: structuredClone(copy), expires, lastModified: new Date() });
        callback(null);
      }),
    destroy: (sid: string, callback: Callback = () => {}) =>
      void Promise.resolve().then(() => {
        documents.delete(sid);
        callback(null);
      }),
  };
}

/** better-sqlite3-session-store: at once, by `cookie.maxAge`, and `set` hands on what the statement returned. */
export function likeBetterSqlite3(): ExpressStore {
  const rows = new Map<string, { sess: string; expire: string }>();
  return {
    get: (sid: string, callback: Callback) => {
      const row = rows.get(sid);
      callback(null, row && new Date() < new Date(row.expire) ? JSON.parse(row.sess) : null);
    },
    set: (sid: string, session: Any, callback: Callback = () => {}) => {
      const age = session.cookie?.maxAge ? session.cookie.maxAge : 86_400_000;
      rows.set(sid, { sess: JSON.stringify(session), expire: new Date(Date.now() + age).toISOString() });
      callback(null, { changes: 1 });
    },
    destroy: (sid: string, callback: Callback = () => {}) => {
      rows.delete(sid);
      callback(null, { changes: 1 });
    },
  };
}

/** session-file-store: one file for each id, `originalMaxAge` from the last write on, and an error where there is none. */
export function likeFileStore(): ExpressStore {
  const files = new Map<string, string>();
  const missing = () => Object.assign(new Error('no such file or directory'), { code: 'ENOENT' });
  return {
    get: (sid: string, callback: Callback) => {
      const text = files.get(sid);
      const session = text === undefined ? undefined : JSON.parse(text);
      const isOver = session && session.__lastAccess + session.cookie.originalMaxAge < Date.now();
      setImmediate(() => (session && !isOver ? callback(null, session) : callback(missing())));
    },
    set: (sid: string, session: Any, callback: Callback) => {
      if (!/^[\w.-]+$/.test(sid)) return callback(new Error('not the name of a file'));
      session.__lastAccess = Date.now();
      files.set(sid, JSON.stringify(session));
      setImmediate(callback, null, session);
    },
    destroy: (sid: string, callback: Callback) => {
      const error = files.delete(sid) ? null : missing();
      setImmediate(callback, error);
    },
  };
}

/** As stores are that were written in a hurry: methods are async functions, and call back twice. */
export function likeNobodyCares(): ExpressStore {
  const sessions = new Map<string, string>();
  return {
    get: async (sid: string, callback: Callback) => {
      const text = sessions.get(sid);
      callback(null, text && JSON.parse(text));
      callback(new Error('again'));
      return undefined;
    },
    set: async (sid: string, session: Any, callback?: Callback) => {
      sessions.set(sid, JSON.stringify(session));
      callback?.();
      callback?.(new Error('again'));
    },
    destroy: async (sid: string, callback?: Callback) => {
      sessions.delete(sid);
      callback?.();
    },
  };
}
