// Stands in for express-session in that project's own tests.
const { Cookie, MemoryStore, Session, Store } = require('express-session');
const { fromExpressStore } = require('../../dist/sessions/stores/express.js');
const { asTheirs, isSecure, keyturnFor } = require('./keyturn-for.cjs');

function session(options = {}) {
  const { cookie = {}, genid, secret, store = new MemoryStore(), unset } = options;
  if (genid !== undefined && typeof genid !== 'function')
    throw new TypeError('genid option must be a function');
  if (unset !== undefined && unset !== 'destroy' && unset !== 'keep')
    throw new TypeError('unset option must be "destroy" or "keep"');
  if (Array.isArray(secret) && secret.length === 0)
    throw new TypeError('secret option array must contain secrets');
  let writes = 0;
  const sessions = fromExpressStore({
    get: (...given) => store.get(...given),
    set: (...given) => {
      writes += 1;
      return store.set(...given);
    },
    destroy: (...given) => store.destroy(...given),
    on: (...given) => store.on(...given),
  });
  let connected = true;
  store.on('disconnect', () => {
    connected = false;
  });
  store.on('connect', () => {
    connected = true;
  });
  const made = new Map();
  /** Their defaults, of which they advise against: a session for each visitor, saved though nothing has changed. */
  const keepAtEnd = (request, response) => {
    const { end } = response;
    const before = writes;
    response.end = (...given) => {
      const { session } = request;
      if (session?.isNew && options.saveUninitialized !== false && Object.keys(session).length === 0)
        session.regenerate();
      else if (session?.isNew === false && options.resave !== false && writes === before) {
        session.save(() => end.apply(response, given));
        return response;
      }
      return end.apply(response, given);
    };
  };
  /** One middleware for each kind of cookie: an app chooses among several where express-session calls a function. */
  const middlewareFor = (attributes, request) => {
    const key = JSON.stringify(attributes);
    if (!made.has(key))
      made.set(
        key,
        keyturnFor({
          secrets: [secret ?? request.secret].flat(),
          name: options.name ?? options.key ?? 'connect.sid',
          cookie: attributes,
          maxAge: attributes.maxAge,
          rolling: options.rolling,
          store: sessions,
        }),
      );
    return made.get(key);
  };
  return (request, response, next) => {
    if (request.session !== undefined || !connected) return next();
    const given = typeof cookie === 'function' ? cookie(request) : cookie;
    const safe = isSecure(request, options.proxy);
    const attributes = { ...given };
    if (given.secure === 'auto') attributes.secure = safe;
    if (given.sameSite === 'auto') attributes.sameSite = safe ? 'none' : 'lax';
    // As app.use(path, keyturn()) does.
    const path = (request.originalUrl ?? request.url) || '/';
    if (!path.startsWith(attributes.path ?? '/')) return next();
    if (!(secret ?? request.secret)) return next(new Error('secret option required for sessions'));
    if (attributes.secure) asTheirs(response, safe);
    middlewareFor(attributes, request)(request, response, (error) => {
      if (!error) keepAtEnd(request, response);
      // What the store has said itself.
      next(error?.code === 'engine_unavailable' ? error.cause : error);
    });
  };
}

module.exports = Object.assign(session, { Cookie, MemoryStore, Session, Store });
