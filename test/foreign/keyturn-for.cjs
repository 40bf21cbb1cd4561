// What both stand-ins do: a middleware of keyturn/express, set up as the options of another library say it.
const { createHash } = require('node:crypto');
const keyturn = require('../../dist/adapters/express/index.js').default;

const silent = { debug() {}, info() {}, warn() {}, error() {} };

const longer = (secret) => createHash('sha512').update(String(secret)).digest('base64url');

const SAME_SITE = { true: 'strict', strict: 'strict', lax: 'lax', none: 'none' };

/**
 * @param secrets the first signs. They are short in those tests: what is signed with is made of them
 * @param cookie the options of the cookie. Some have no translation: `secure`, since the profile decides, `httpOnly`, which
 * it always is, `expires` and `priority`
 */
function keyturnFor({ secrets, name, cookie, maxAge, rolling, store }) {
  const seconds = Math.max(1, Math.ceil((maxAge ?? 7 * 86_400_000) / 1000));
  const sameSite = SAME_SITE[cookie.sameSite];
  return keyturn({
    env: {
      KEYTURN_SECURITY__SIGNING_SECRET: longer(secrets[0]),
      KEYTURN_SECURITY__SIGNING_SECRET__PREVIOUS_SECRETS: JSON.stringify(secrets.slice(1).map(longer)),
    },
    profile: 'test',
    logger: silent,
    csrf: 'manual',
    store,
    config: {
      session: {
        idle: `${seconds}s`,
        max_age: `${Math.max(seconds, 30 * 86_400)}s`,
        remember: '365d',
        ...(rolling ? { roll_after: '1s' } : {}),
        cookie: {
          name,
          path: cookie.path ?? '/',
          ...(sameSite === undefined ? {} : { same_site: sameSite }),
          ...(cookie.domain ? { domain: cookie.domain } : {}),
          ...(cookie.partitioned ? { partitioned: true } : {}),
          persistent: maxAge !== undefined && maxAge !== null,
        },
      },
    },
  });
}

module.exports = { keyturnFor };
