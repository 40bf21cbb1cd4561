// Stands in for express-session in that project's own tests.
const { Cookie, MemoryStore, Session, Store } = require('express-session');
const { fromExpressStore } = require('../../dist/sessions/stores/express.js');
const { keyturnFor } = require('./keyturn-for.cjs');

function session(options = {}) {
  const { cookie = {}, genid, secret, store = new MemoryStore(), unset } = options;
  if (genid !== undefined && typeof genid !== 'function')
    throw new TypeError('genid option must be a function');
  if (unset !== undefined && unset !== 'destroy' && unset !== 'keep')
    throw new TypeError('unset option must be "destroy" or "keep"');
  if (Array.isArray(secret) && secret.length === 0)
    throw new TypeError('secret option array must contain secrets');
  const sessions = fromExpressStore(store);
  const made = new Map();
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
    if (request.session !== undefined) return next();
    const attributes = typeof cookie === 'function' ? cookie(request) : cookie;
    // As app.use(path, keyturn()) does.
    const path = (request.originalUrl ?? request.url) || '/';
    if (!path.startsWith(attributes.path ?? '/')) return next();
    if (!(secret ?? request.secret)) return next(new Error('secret option required for sessions'));
    middlewareFor(attributes, request)(request, response, (error) => {
      // Their default, of which they advise against: a session for each visitor.
      if (!error && options.saveUninitialized !== false && request.session.isNew)
        request.session.regenerate();
      // What the store has said itself.
      next(error?.code === 'engine_unavailable' ? error.cause : error);
    });
  };
}

module.exports = Object.assign(session, { Cookie, MemoryStore, Session, Store });
