// What the two short cuts of the hot path are worth: prepared pads in the place of createHmac, and tokens that were
// verified a moment ago. With one cookie again and again, and with 10,000 different ones in turn.
import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { createKeyturn } from 'keyturn';
import { internalsOf } from '../dist/keyturn.js';
import { Hmac } from '../dist/signing/hmac.js';
import { compare, table } from './harness.js';

const keyturn = await createKeyturn({
  profile: 'test',
  env: { KEYTURN_SECURITY__SIGNING_SECRET: randomBytes(32).toString('hex') },
  logger: { debug() {}, info() {}, warn() {}, error() {} },
});
const signer = internalsOf(keyturn).ownSigner('session');
const now = Math.floor(Date.now() / 1000);
const tokens = Array.from({ length: 10_000 }, (_, n) => {
  const data = {
    user: { userId: 100_000 + n, name: 'Ada Lovelace', roles: ['admin', 'editor'], theme: 'dark' },
  };
  const session = { id: randomBytes(16).toString('base64url'), at: now, data };
  return signer.issueAt(JSON.stringify(session), now, now + 86_400);
});
const bytes = randomBytes(32);
const prepared = new Hmac(bytes);
const key = createSecretKey(bytes);

const must = (result) => {
  if (!result.ok) throw new Error('a benchmark verified nothing');
  return result;
};
/** A part of a header, as a cookie is: what was used as the key of a map before would be cheaper to look up. */
const arrived = (token) => `sid=${token}`.slice(4);
const messageOf = (token) => token.slice(0, -44);

const columns = [
  ['', (row) => row.name],
  ['ns', (row) => row.nanoseconds.toFixed(0)],
  ['× first', (row) => row.ratio.toFixed(2)],
];

export function hotPath() {
  const check = compare(
    {
      'the same cookie': () => must(signer.check(arrived(tokens[0]))),
      '500 cookies in turn': (i) => must(signer.check(arrived(tokens[i % 500]))),
      '10,000 cookies in turn': (i) => must(signer.check(arrived(tokens[i % 10_000]))),
    },
    { base: 'the same cookie' },
  );
  table('check a session cookie', check, columns);
  const mac = compare(
    {
      'prepared pads': (i) => prepared.mac(messageOf(tokens[i % 64])),
      'createHmac (KeyObject)': (i) =>
        createHmac('sha256', key)
          .update(messageOf(tokens[i % 64]))
          .digest('base64url'),
    },
    { base: 'prepared pads' },
  );
  table('its MAC', mac, columns);
}
