// What both stand-ins do: a middleware of keyturn/express, set up as the options of another library say it.
const { createHash } = require('node:crypto');
const keyturn = require('../../dist/adapters/express/index.js').default;

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Their tests sign with words. The hash of a mere word is refused as well. */
const longer = (secret) =>
  createHash('sha512').update(`for the tests of another library: ${secret}`).digest('base64url');

const SAME_SITE = { true: 'strict', strict: 'strict', lax: 'lax', none: 'none' };

/** Whether a request came by HTTPS, asked as those libraries ask. Keyturn does not: its profile decides. */
function isSecure(request, proxy) {
  if (request.socket.encrypted || proxy === false) return Boolean(request.socket.encrypted);
  if (proxy !== true) return request.secure === true;
  return (request.headers['x-forwarded-proto'] ?? '').split(',')[0].trim() === 'https';
}

/**
 * Those libraries send no Secure cookie by plain HTTP, and know no prefix of a name. Called before the middleware, whose
 * writeHead() calls this one.
 */
function asTheirs(response, isSent) {
  const { writeHead } = response;
  response.writeHead = (...given) => {
    const cookies = [response.getHeader('Set-Cookie') ?? []].flat();
    response.removeHeader('Set-Cookie');
    if (isSent && cookies.length > 0)
      response.setHeader(
        'Set-Cookie',
        cookies.map((cookie) => cookie.replace('__Host-', '')),
      );
    return writeHead.apply(response, given);
  };
}

/**
 * @param secrets the first signs. They are short in those tests: what is signed with is made of them
 * @param cookie the options of the cookie, where `secure` stands for the profile. Some have no translation: `httpOnly`,
 * which it always is, `expires` and `priority`
 */
function keyturnFor({ secrets, name, cookie, maxAge, rolling, store }) {
  const seconds = Math.max(1, Math.ceil((maxAge ?? 7 * 86_400_000) / 1000));
  const settings = {
    IDLE: `${seconds}s`,
    MAX_AGE: `${Math.max(seconds, 30 * 86_400)}s`,
    REMEMBER: '365d',
    ROLL_AFTER: rolling && '1s',
    COOKIE__NAME: name,
    COOKIE__PATH: cookie.path ?? '/',
    COOKIE__SAME_SITE: SAME_SITE[cookie.sameSite],
    COOKIE__DOMAIN: cookie.domain,
    COOKIE__PARTITIONED: cookie.partitioned,
    COOKIE__PERSISTENT: maxAge !== undefined && maxAge !== null,
  };
  const env = {
    KEYTURN_SECURITY__SIGNING_SECRET: longer(secrets[0]),
    KEYTURN_SECURITY__SIGNING_SECRET__PREVIOUS_SECRETS: JSON.stringify(secrets.slice(1).map(longer)),
  };
  for (const [key, value] of Object.entries(settings))
    if (value !== undefined) env[`KEYTURN_SESSION__${key}`] = String(value);
  return keyturn({
    env,
    profile: cookie.secure ? 'production' : 'test',
    logger: silent,
    csrf: 'manual',
    store,
  });
}

module.exports = { asTheirs, isSecure, keyturnFor };
