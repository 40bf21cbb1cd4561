// What people write who come from other libraries, where one starts, and what to write here; and what does not fit
// otherwise. Read when somebody has: an app that starts does without.
import { KeyturnError } from '../errors.js';
import type { OptionHints } from './options.js';

const SECRET =
  'a secret stands in no program: set the variable KEYTURN_SECURITY__SIGNING_SECRET, or …_FILE; development makes its own';
const COOKIE =
  'write config: { session: { cookie: { … } } }, or set it under [session.cookie] in keyturn.toml';
const section = (name: string) =>
  `write config: { ${name}: { … } }, or set it under [${name}] in keyturn.toml`;

const ANYWHERE: OptionHints = {
  secret: SECRET,
  secrets: SECRET,
  key: SECRET,
  keys: SECRET,
  password: SECRET,
  salt: SECRET,
  cookie: COOKIE,
  cookieName: 'write config: { session: { cookie: { name: "…" } } }, or set name under [session.cookie]',
  cookieOptions: COOKIE,
  name: 'write config: { session: { cookie: { name: "…" } } }, or set name under [session.cookie]',
  sessionName: 'leave it out: the session is request.session',
  maxAge: 'write config: { session: { idle: "7d", max_age: "30d" } }, or set both under [session]',
  expiry: 'write config: { session: { idle: "7d", max_age: "30d" } }, or set both under [session]',
  ttl: 'write config: { session: { idle: "7d", max_age: "30d" } }, or set both under [session]',
  rolling: 'leave it out: a session in use is extended by itself; session.roll_after says how often',
  resave: 'leave it out: a session is saved when it has changed',
  saveUninitialized: 'leave it out: there is a session as soon as something is put into it',
  genid: 'leave it out: ids are 128 random bits',
  idGenerator: 'leave it out: ids are 128 random bits',
  proxy: 'leave it out: how far a proxy is trusted is a setting of the framework',
  hook: 'leave it out',
  security: section('security'),
  session: section('session'),
  log: section('log'),
  purposes: section('purposes'),
};

/** For `createKeyturn()`. */
export const CREATE_HINTS: OptionHints = {
  ...ANYWHERE,
  store: 'give it to the adapter, as in app.register(keyturn, { store }); session.backend names one for all',
  csrf: section('csrf'),
};

/** For the plugin for Fastify. */
export const FASTIFY_HINTS: OptionHints = {
  ...ANYWHERE,
  csrf: 'for one route write config: { csrf: false }; how tokens are asked for is set under [csrf], in keyturn.toml or config',
};

/** For `openHttp()`. */
export const HTTP_HINTS: OptionHints = {
  ...ANYWHERE,
  csrf: 'call visit.protect(body) where it is to be checked; how tokens are asked for is set under [csrf], in keyturn.toml or config',
};

/** For the middleware for Express. */
export const EXPRESS_HINTS: OptionHints = {
  ...ANYWHERE,
  sessionName: 'leave it out: the session is req.session',
  unset: 'leave it out: req.session = null ends the session',
};

/** For the middleware for Koa. */
export const KOA_HINTS: OptionHints = {
  ...ANYWHERE,
  key: 'write config: { session: { cookie: { name: "…" } } }, or set name under [session.cookie]',
  sessionName: 'leave it out: the session is ctx.session',
  renew: 'leave it out: a session in use is extended by itself; session.roll_after says how often',
  signed: 'leave it out: what browsers send back is always verified',
  encode: 'leave it out; sealed = true under [session] keeps the content of a cookie from its owner',
  autoCommit: 'leave it out: the session is saved before the response goes out',
};

const ALL: Readonly<Record<HintsName, OptionHints>> = { CREATE_HINTS, EXPRESS_HINTS, KOA_HINTS };

/** Whose hints there are for an adapter that makes a middleware. */
export type HintsName = 'CREATE_HINTS' | 'EXPRESS_HINTS' | 'KOA_HINTS';

/**
 * What to write in the place of options that a middleware does not know.
 *
 * @throws KeyturnError `argument_invalid` where a framework has called what makes the middleware in the place of it
 */
export function hintsFor(name: HintsName, given: object): OptionHints {
  if ('req' in given || ('method' in given && 'headers' in given))
    throw new KeyturnError(
      'argument_invalid',
      'keyturn was given a request in the place of options: the app uses it without calling it',
      'write app.use(keyturn()), and not app.use(keyturn)',
    );
  return ALL[name];
}

/** @param others the options of an app inside another that the other has not, or not in this way */
export function otherInside(others: readonly string[]): KeyturnError {
  return new KeyturnError(
    'argument_invalid',
    `an app inside another, with the same Keyturn, was given another ${others.join(', ')}`,
    'give both the same, or leave it out inside; for sessions of its own the inner app needs another name: config: { app: "inner" }',
  );
}
