// Stands in for cookie-session in that project's own tests.
const { asTheirs, isSecure, keyturnFor } = require('./keyturn-for.cjs');

module.exports = function session(options = {}) {
  const {
    name = 'session',
    keys,
    secret,
    maxAge,
    signed = true,
    httpOnly = true,
    overwrite = true,
  } = options;
  if (signed && keys === undefined && secret === undefined) throw new Error('.keys required.');
  const middleware = keyturnFor({ secrets: keys ?? [secret], name, cookie: options, maxAge });
  return (request, response, next) => {
    request.sessionOptions = Object.assign(Object.create(options), { name, httpOnly, overwrite });
    Object.defineProperty(request.sessionOptions, 'maxAge', {
      set: (milliseconds) => {
        request.session.cookie.maxAge = milliseconds;
      },
    });
    if (options.secure) asTheirs(response, isSecure(request));
    middleware(request, response, next);
  };
};
