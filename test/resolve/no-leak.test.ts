// A secret is planted in each source in turn, each source is broken in each way, and nothing that comes out of
// the resolver or the start may hold it.
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Resolution } from '../../src/resolve/resolve.js';
import {
  ACCEPT_WEAK,
  COMMAND,
  expectNoLeak,
  FILE,
  folderWith,
  NEXT,
  PREVIOUS,
  REVOKED,
  resolveOn,
  SECRET,
  type Simulated,
  STRONG,
  startOn,
} from '../support/machine.js';

/** Looks like nothing of ours, so that finding any eight characters of it is a leak. */
const PLANTED = `Planted${randomBytes(24).toString('hex')}`;

/** The secret made unusable, or usable, in every way that comes to mind. */
const BROKEN: Readonly<Record<string, string>> = {
  'as it is': PLANTED,
  'too short': PLANTED.slice(0, 20),
  'two lines': `${PLANTED}\n${PLANTED}`,
  'a control character': `${PLANTED}\u0007`.concat(PLANTED),
  'half of a surrogate pair': `${PLANTED}\uD800`,
  'an array': JSON.stringify([PLANTED]),
  'an array cut off': `["${PLANTED}", "${PLANTED}`,
  'an array with a number': `["${PLANTED}", 5]`,
  'an array with a line end': JSON.stringify([`${PLANTED}\n${PLANTED}`]),
  'an object': JSON.stringify({ [PLANTED]: PLANTED }),
  'an object cut off': `{"keyturn": 1, "secret": "${PLANTED}`,
  'a document with the secret as its id': JSON.stringify({
    keyturn: 1,
    id: PLANTED,
    generation: 0,
    keys: [],
  }),
  'a document with a wrong key id': document({ kid: 'AAAAAAAA', state: 'active', secret: PLANTED }),
  'a document with the secret as a state': document({ kid: 'AAAAAAAA', state: PLANTED, secret: PLANTED }),
  'a document with the secret as a key id': document({ kid: PLANTED, state: 'revoked' }),
  'a document with a retired key': document({ kid: 'AAAAAAAA', state: 'retired', secret: PLANTED }),
  'a document with a broken secret': document({ kid: 'AAAAAAAA', state: 'active', secret: `${PLANTED}\n.` }),
  'a document with the secret as a date': document({
    kid: 'AAAAAAAA',
    state: 'revoked',
    dates: { revoked: PLANTED },
  }),
  'a trailing comma': `${PLANTED},`,
  'a single quote': `'${PLANTED}`,
  'a NUL': `${PLANTED}\0`,
  'an argument list': JSON.stringify([process.execPath, '-e', `throw new Error('${PLANTED}')`]),
  'slashes inside': `${PLANTED}/${PLANTED}`,
};

function document(key: Record<string, unknown>): string {
  return JSON.stringify({ keyturn: 1, id: 'ring', generation: 0, keys: [key] });
}

/** A basic TOML string; JSON's escapes are a subset of TOML's, but for lone surrogates. */
function toml(text: string): string {
  return JSON.stringify(text.replaceAll('\uD800', '')).replaceAll('\u007f', '\\u007f');
}

type Put = (value: string) => {
  readonly env?: Record<string, string>;
  readonly files?: Record<string, string>;
};

const variable =
  (name: string): Put =>
  (value) => ({ env: name === SECRET ? { [name]: value } : { [SECRET]: STRONG, [name]: value } });
const line =
  (write: (value: string) => string): Put =>
  (value) => ({ files: { 'keyturn.toml': `[security.signing_secret]\n${write(value)}` } });

/** Shows a file. Node.js can everywhere, and takes ten times as long. */
const SHOWN =
  process.platform === 'win32'
    ? [process.execPath, '-p', 'require("node:fs").readFileSync("key", "utf8")']
    : ['cat', 'key'];

const SOURCES: Readonly<Record<string, Put>> = {
  'the variable': variable(SECRET),
  'the file': (value) => ({ env: { [FILE]: 'key' }, files: { key: value } }),
  'the file variable itself': (value) => ({ env: { [FILE]: value } }),
  'the command variable itself': (value) => ({ env: { [COMMAND]: value } }),
  'the output of the command': (value) => ({
    env: { [COMMAND]: JSON.stringify(SHOWN) },
    files: { key: value },
  }),
  '.keyturn/secret': (value) => ({ files: { '.keyturn/secret': value } }),
  'the previous secrets': variable(PREVIOUS),
  'the next secrets': variable(NEXT),
  'the revoked key ids': variable(REVOKED),
  'the exceptions': variable(ACCEPT_WEAK),
  'a mistyped variable': variable('KEYTURN_SECURITY_SIGNING_SECRET'),
  'an unrelated setting': variable('KEYTURN_SESSION__IDLE'),
  'secret in keyturn.toml': line((value) => `secret = ${toml(value)}`),
  'secret in keyturn.toml, unquoted': line((value) => `secret = ${value}`),
  'secret in keyturn.toml, quote missing': line((value) => `secret = "${value}\n`),
  'file in keyturn.toml': line((value) => `file = ${toml(value)}`),
  'command in keyturn.toml': line((value) => `command = ${toml(value)}`),
  'previous_secrets in keyturn.toml': line(
    (value) => `secret = "${STRONG}"\nprevious_secrets = [${toml(value)}]`,
  ),
  'next_secrets in keyturn.toml, as a text': line(
    (value) => `secret = "${STRONG}"\nnext_secrets = ${toml(value)}`,
  ),
  'revoked_kids in keyturn.toml': line((value) => `secret = "${STRONG}"\nrevoked_kids = [${toml(value)}]`),
  'accept_weak in keyturn.toml': line(
    (value) => `accept_weak = [{ kid = ${toml(value)}, until = 2026-12-01 }]`,
  ),
  'a mistyped setting': line((value) => `secrt = ${toml(value)}`),
  'the section as a text': (value) => ({
    files: { 'keyturn.toml': `security.signing_secret = ${toml(value)}` },
  }),
};

async function everythingSaid(simulated: Simulated): Promise<{ resolution: Resolution; said: unknown[] }> {
  const resolution = await resolveOn(simulated);
  const started = await startOn(simulated).then(
    ({ keyturn, log }) => [keyturn.keyring, inspect(keyturn, { depth: 20, showHidden: true }), ...log],
    (thrown: unknown) => [thrown],
  );
  return { resolution, said: [...resolution.problems.map(({ error }) => error), ...started] };
}

describe.each(Object.entries(SOURCES))('planted in %s', (_, put) => {
  test.each(Object.entries(BROKEN))('%s: never shown', async (_how, value) => {
    const { env, files } = put(value);
    const cwd = await folderWith(files ?? {});
    for (const KEYTURN_ENV of ['dev', 'prod']) {
      const { resolution, said } = await everythingSaid({ cwd, env: { KEYTURN_ENV, ...env } });
      expect(said.length).toBeGreaterThan(0);
      expectNoLeak(said, PLANTED.slice(0, 16));
      expect(inspect(resolution.keyring, { depth: 20, showHidden: true })).not.toContain(PLANTED.slice(0, 8));
      expect(JSON.stringify(resolution.keyring) ?? '').not.toContain(PLANTED.slice(0, 8));
    }
  });
});
