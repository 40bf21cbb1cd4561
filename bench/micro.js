// Sign and verify beside what people use. Every peer does the same work: a JSON value in, a cookie-safe text out,
// and back to the value.
import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import fastifyCookie from '@fastify/cookie';
import secureSession from '@fastify/secure-session';
import cookieSignature from 'cookie-signature';
import { createSigner, createVerifier } from 'fast-jwt';
import Fastify from 'fastify';
import jsonwebtoken from 'jsonwebtoken';
import { createKeyturn } from 'keyturn';
import { createJwt } from 'keyturn/jwt';
import { compare, table } from './harness.js';

const secrets = Array.from({ length: 5 }, () => randomBytes(32).toString('hex'));
const values = Array.from({ length: 64 }, (_, n) => ({
  userId: 100_000 + n,
  name: 'Ada Lovelace',
  roles: ['admin', 'editor'],
  theme: 'dark',
  seen: 1_763_600_000 + n,
  cart: [],
}));

const body = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const unbody = (text) => JSON.parse(Buffer.from(text, 'base64url').toString());

async function keyturn(previous) {
  return await createKeyturn({
    profile: 'test',
    env: {
      KEYTURN_SECURITY__SIGNING_SECRET: secrets[0],
      ...(previous.length === 0
        ? {}
        : { KEYTURN_SECURITY__SIGNING_SECRET__PREVIOUS_SECRETS: previous.join(',') }),
    },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
}

const kt = await keyturn([]);
const one = kt.signer('password-reset');
const five = (await keyturn(secrets.slice(1))).signer('password-reset');
const last = (
  await createKeyturn({
    profile: 'test',
    env: { KEYTURN_SECURITY__SIGNING_SECRET: secrets[4] },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  })
).signer('password-reset');
const fastifyOne = new fastifyCookie.Signer([secrets[0]]);
const fastifyFive = new fastifyCookie.Signer(secrets);
const fastifyLast = new fastifyCookie.Signer([secrets[4]]);
const key = createSecretKey(secrets[0], 'utf8');
const sealer = (await keyturn([])).sealer('draft', { maxAge: '1h' });
const secure = Fastify();
await secure.register(secureSession, { key: randomBytes(32) });
await secure.ready();

const sets = {
  ours: values.map((value) => one.sign(value)),
  oursLast: values.map((value) => last.sign(value)),
  cookie: values.map((value) => cookieSignature.sign(body(value), secrets[0])),
  cookieLast: values.map((value) => cookieSignature.sign(body(value), secrets[4])),
  fastify: values.map((value) => fastifyOne.sign(body(value))),
  fastifyLast: values.map((value) => fastifyLast.sign(body(value))),
  sealed: values.map((value) => sealer.seal(value)),
  secure: values.map((value) => secure.encodeSecureSession(secure.createSecureSession(value))),
};
const at = (list, i) => list[i & 63];
const must = (value) => {
  if (value === undefined || value === false) throw new Error('a benchmark verified nothing');
  return value;
};
const viaLoop = (token, keys) => {
  for (const secret of keys) {
    const text = cookieSignature.unsign(token, secret);
    if (text !== false) return unbody(text);
  }
  return undefined;
};

const columns = [
  ['', (row) => row.name],
  ['ns', (row) => row.nanoseconds.toFixed(0)],
  ['× keyturn', (row) => row.ratio.toFixed(2)],
];

export function micro() {
  const sign = compare(
    {
      keyturn: (i) => one.sign(at(values, i)),
      'createHmac (KeyObject), by hand': (i) => {
        const text = body(at(values, i));
        return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
      },
      'cookie-signature': (i) => cookieSignature.sign(body(at(values, i)), secrets[0]),
      '@fastify/cookie Signer': (i) => fastifyOne.sign(body(at(values, i))),
    },
    { base: 'keyturn' },
  );
  table('sign a value of 125 bytes', sign, columns);
  const verifyOne = compare(
    {
      keyturn: (i) => must(one.verify(at(sets.ours, i)).payload),
      'cookie-signature': (i) => must(viaLoop(at(sets.cookie, i), [secrets[0]])),
      '@fastify/cookie Signer': (i) => must(unbody(fastifyOne.unsign(at(sets.fastify, i)).value)),
      'keyturn, 5 keys, by the last': (i) => must(five.verify(at(sets.oursLast, i)).payload),
    },
    { base: 'keyturn' },
  );
  table('verify it, one key in the ring', verifyOne, columns);
  const verifyFive = compare(
    {
      'keyturn, 5 keys': (i) => must(five.verify(at(sets.oursLast, i)).payload),
      'cookie-signature, loop as in cookie-parser': (i) => must(viaLoop(at(sets.cookieLast, i), secrets)),
      '@fastify/cookie Signer': (i) => must(unbody(fastifyFive.unsign(at(sets.fastifyLast, i)).value)),
    },
    { base: 'keyturn, 5 keys' },
  );
  table('verify it, signed by the last of five', verifyFive, columns);
  const seal = compare(
    {
      'keyturn, sealed': (i) => sealer.seal(at(values, i)),
      '@fastify/secure-session (native)': (i) =>
        secure.encodeSecureSession(secure.createSecureSession(at(values, i))),
      'keyturn, signed': (i) => one.sign(at(values, i)),
    },
    { base: 'keyturn, sealed' },
  );
  table('seal it', seal, columns);
  const open = compare(
    {
      'keyturn, sealed': (i) => must(sealer.open(at(sets.sealed, i)).payload),
      '@fastify/secure-session (native)': (i) =>
        must(secure.decodeSecureSession(at(sets.secure, i)).get('userId')),
      'keyturn, signed': (i) => must(one.verify(at(sets.ours, i)).payload),
    },
    { base: 'keyturn, sealed' },
  );
  table('open it', open, columns);
  accessTokens();
}

/** Access tokens: every peer sets and checks iss, aud, iat and exp, and names its key. */
function accessTokens() {
  const issuer = 'https://auth.example.com';
  const audience = 'https://api.example.com';
  const secret = randomBytes(32);
  const keyid = 'key-2026';
  const ours = createJwt(kt, { issuer, audience });
  const fastSign = createSigner({ key: secret, kid: keyid, iss: issuer, aud: audience, expiresIn: 900_000 });
  const checks = { key: secret, algorithms: ['HS256'], allowedIss: issuer, allowedAud: audience };
  const fastVerify = createVerifier(checks);
  const fastCached = createVerifier({ ...checks, cache: true });
  const secretKey = createSecretKey(secret);
  const signOptions = { algorithm: 'HS256', keyid, issuer, audience, expiresIn: 900 };
  const verifyOptions = { algorithms: ['HS256'], issuer, audience };
  const tokens = {
    ours: values.map((value) => ours.sign(value)),
    fast: values.map((value) => fastSign(value)),
    plain: values.map((value) => jsonwebtoken.sign(value, secretKey, signOptions)),
  };
  const signing = compare(
    {
      'keyturn/jwt': (i) => ours.sign(at(values, i)),
      'fast-jwt': (i) => fastSign(at(values, i)),
      jsonwebtoken: (i) => jsonwebtoken.sign(at(values, i), secretKey, signOptions),
    },
    { base: 'keyturn/jwt' },
  );
  table('sign an access token with those claims', signing, columns);
  const verifying = compare(
    {
      'keyturn/jwt': (i) => must(ours.verify(at(tokens.ours, i)).payload),
      'fast-jwt': (i) => must(fastVerify(at(tokens.fast, i))),
      'fast-jwt, seen before (cache)': (i) => must(fastCached(at(tokens.fast, i))),
      jsonwebtoken: (i) => must(jsonwebtoken.verify(at(tokens.plain, i), secretKey, verifyOptions)),
    },
    { base: 'keyturn/jwt' },
  );
  table('verify an access token', verifying, columns);
}
