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
  const fixed = typeof cookie === 'function' ? {} : cookie;
  let middleware;
  return (request, response, next) => {
    if (request.session !== undefined) return next();
    const key = secret ?? request.secret;
    if (!key) return next(new Error('secret option required for sessions'));
    middleware ??= keyturnFor({
      secrets: [key].flat(),
      name: options.name ?? options.key ?? 'connect.sid',
      cookie: fixed,
      maxAge: fixed.maxAge ?? undefined,
      store: fromExpressStore(store),
    });
    middleware(request, response, (error) => {
      // Their default, of which they advise against: a session for each visitor.
      if (!error && options.saveUninitialized !== false && request.session.isNew)
        request.session.regenerate();
      next(error);
    });
  };
}

module.exports = Object.assign(session, { Cookie, MemoryStore, Session, Store });
