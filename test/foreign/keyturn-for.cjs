// What both stand-ins do: a middleware of keyturn/express, set up as the options of another library say it.
const { createHash } = require('node:crypto');
const keyturn = require('../../dist/adapters/express/index.js').default;

const silent = { debug() {}, info() {}, warn() {}, error() {} };

const longer = (secret) => createHash('sha512').update(String(secret)).digest('base64url');

/** @param secrets the first signs. They are short in those tests: what is signed with is made of them */
function keyturnFor({ secrets, name, cookie, maxAge, store }) {
  const seconds = Math.max(1, Math.ceil((maxAge ?? 7 * 86_400_000) / 1000));
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
        cookie: {
          name,
          path: cookie.path ?? '/',
          ...(typeof cookie.sameSite === 'string' && cookie.sameSite !== 'auto'
            ? { same_site: cookie.sameSite }
            : {}),
          ...(cookie.domain ? { domain: cookie.domain } : {}),
          persistent: maxAge !== undefined && maxAge !== null,
        },
      },
    },
  });
}

module.exports = { keyturnFor };
