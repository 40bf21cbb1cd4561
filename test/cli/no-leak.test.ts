// No command prints a secret: wherever it is planted, whatever is typed, however broken the configuration is.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import {
  COMMAND,
  FILE,
  folderWith,
  kidOf,
  NEXT,
  PREVIOUS,
  SECRET,
  STRONG,
  startOn,
} from '../support/machine.js';
import { keyturn, program, type Ran, type Surroundings } from './run.js';

const ROOT = mkdtempSync(join(tmpdir(), 'keyturn-leak-'));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

/** What is written past the streams that a command is given. */
const elsewhere: string[] = [];
const outputs = [process.stdout, process.stderr].map((stream) =>
  vi.spyOn(stream, 'write').mockImplementation((text) => elsewhere.push(String(text)) > 0),
);
afterAll(() => {
  for (const output of outputs) output.mockRestore();
  for (const form of [...formsOf(PLANTED), ...formsOf(WEAK)]) expect(elsewhere.join('')).not.toContain(form);
});

/** Strong, recognisable in part, and with a form of its own in each encoding. */
const PLANTED = 'planted-9f3b1c77e0d84a52b6c1d90e4f7a2385-Zz';
const WEAK = 'pl4ntedWk';

/** The secret itself, a good part of it, and what encoders make of it. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const part = secret.slice(0, Math.max(6, Math.ceil(secret.length / 2)));
  const encoded = (['hex', 'base64', 'base64url'] as const).flatMap((encoding) => {
    const text = bytes.toString(encoding).replace(/=+$/, '');
    return [text, text.slice(0, Math.ceil(text.length / 2))];
  });
  return [secret, part, part.toUpperCase(), ...encoded, encodeURIComponent(secret)];
}

function expectSilence(ran: Ran, secret: string): void {
  const said = ran.stdout + ran.stderr;
  for (const form of formsOf(secret)) expect(said).not.toContain(form);
  // A run that says nothing would prove nothing.
  expect(said.length).toBeGreaterThan(0);
}

async function tokenOf(secret: string): Promise<string> {
  const { keyturn: signing } = await startOn({
    cwd: ROOT,
    env: { KEYTURN_ENV: 'dev', [SECRET]: secret },
    now: Date.now(),
  });
  return signing.signer('invitation').sign({ user: 1 });
}

const RUNS = [
  ['doctor'],
  ['doctor', '--strict', '--json'],
  ['inspect', 'TOKEN', '--json', '--purpose', 'invitation'],
  ['rotate'],
  ['init'],
  ['inspect', 'TOKEN'],
  // Of the document that init has made, where it could.
  ['status', '--json'],
  ['revoke', 'KID', '--reason', 'a test'],
];

const inToml = (line: string) => ({ 'keyturn.toml': `[security.signing_secret]\n${line}\n` });
const json = JSON.stringify;

/** Every place where a secret can stand, sound and broken. */
const PLACES: readonly [
  string,
  (secret: string) => { env?: Record<string, string>; files?: Record<string, string> },
][] = [
  ['the variable', (secret) => ({ env: { [SECRET]: secret } })],
  ['the variable, broken', (secret) => ({ env: { [SECRET]: `${secret}\n${secret}` } })],
  ['the variable, as JSON', (secret) => ({ env: { [SECRET]: json([secret]) } })],
  ['the companions', (secret) => ({ env: { [SECRET]: STRONG, [PREVIOUS]: secret, [NEXT]: `${secret}x` } })],
  ['the companions, twice', (secret) => ({ env: { [SECRET]: secret, [PREVIOUS]: json([secret, secret]) } })],
  [
    'the companions, broken',
    (secret) => ({ env: { [SECRET]: STRONG, [PREVIOUS]: `["${secret}"`, [NEXT]: `${secret},,` } }),
  ],
  ['the revoked key ids', (secret) => ({ env: { [SECRET]: STRONG, [`${SECRET}__REVOKED_KIDS`]: secret } })],
  ['the weak exceptions', (secret) => ({ env: { [SECRET]: STRONG, [`${SECRET}__ACCEPT_WEAK`]: secret } })],
  ['the path of the file', (secret) => ({ env: { [FILE]: secret } })],
  ['a command, failing', (secret) => ({ env: { [COMMAND]: json(['sh', '-c', `echo ${secret}; exit 3`]) } })],
  ['a command, unknown', (secret) => ({ env: { [COMMAND]: json([secret, secret]) } })],
  ['a command, not JSON', (secret) => ({ env: { [COMMAND]: `echo ${secret}` } })],
  ['a command', (secret) => ({ env: { [COMMAND]: json(['echo', secret]) } })],
  [
    'a command, with broken output',
    (secret) => ({ env: { [COMMAND]: json(['printf', `${secret}\\n${secret}`]) } }),
  ],
  ['the profile', (secret) => ({ env: { KEYTURN_ENV: secret } })],
  [
    'another setting',
    (secret) => ({ env: { KEYTURN_SESSION__BACKEND: secret, KEYTURN_LOG__LEVEL: secret } }),
  ],
  ['an unknown variable', (secret) => ({ env: { KEYTURN_SECRET: secret } })],
  [
    'keyturn.toml',
    (secret) => ({ files: inToml(`secret = "${secret}"\nprevious_secrets = ["${secret}y"]`) }),
  ],
  ['keyturn.toml, broken', (secret) => ({ files: inToml(`secret = "${secret}`) })],
  [
    'keyturn.toml, wrong kind',
    (secret) => ({ files: inToml(`secret = ["${secret}"]\nnext_secrets = {a = "${secret}"}`) }),
  ],
  ['a file', (secret) => ({ env: { [FILE]: 'held' }, files: { held: `${secret}\n` } })],
  [
    'a file with an array',
    (secret) => ({ env: { [FILE]: 'held' }, files: { held: json([secret, `${secret}z`]) } }),
  ],
  [
    'a file with a broken array',
    (secret) => ({ env: { [FILE]: 'held' }, files: { held: `["${secret}", ]` } }),
  ],
  [
    'a file with a broken document',
    (secret) => ({ env: { [FILE]: 'held' }, files: { held: `{"keyturn": 1, "keys": ["${secret}` } }),
  ],
  [
    'a document with a wrong kid',
    (secret) => ({
      env: { [FILE]: 'held' },
      files: {
        held: json({ keyturn: 1, id: 'x', generation: 1, keys: [{ kid: secret, state: 'active', secret }] }),
      },
    }),
  ],
  [
    'the development secret',
    (secret) => ({ env: { KEYTURN_ENV: 'dev' }, files: { '.keyturn/secret': secret } }),
  ],
  ['.env', (secret) => ({ files: { '.env': `${SECRET}=${secret}\n` } })],
];

describe.each(PLACES)('a secret in %s', (_, place) => {
  test.concurrent.each([
    ['strong, in development', PLANTED, 'dev'],
    ['strong, in production', PLANTED, 'prod'],
    ['weak, in production', WEAK, 'prod'],
  ])('%s', async (_, secret, profile) => {
    const { env = {}, files = {} } = place(secret);
    const cwd = await mkdtemp(join(ROOT, 'place-'));
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(cwd, name)), { recursive: true });
      await writeFile(join(cwd, name), content);
    }
    const token = await tokenOf(secret);
    for (const args of RUNS) {
      const typed = args.map((arg) => (arg === 'TOKEN' ? token : arg === 'KID' ? kidOf(secret) : arg));
      expectSilence(await keyturn(typed, { cwd, env: { KEYTURN_ENV: profile, ...env } }), secret);
    }
    // As a process of its own it has more to write to.
    if (profile === 'prod' && secret === PLANTED)
      expectSilence(await program(['doctor'], { cwd, env: { KEYTURN_ENV: profile, ...env } }), secret);
  });
});

describe('a secret that is typed in the wrong place', () => {
  const secrets = [
    PLANTED,
    STRONG,
    WEAK,
    'correct-horse-battery-staple',
    Buffer.from(STRONG, 'hex').toString('base64'),
  ];
  test.each([
    ['as a command', (secret: string) => [secret]],
    ['after help', (secret: string) => ['help', secret]],
    ['as an option', (secret: string) => [`--${secret}`]],
    ['as short options', (secret: string) => ['doctor', `-${secret}`]],
    ['as an option of a command', (secret: string) => ['generate', `--${secret}=${secret}`]],
    ['as the value of a switch', (secret: string) => ['doctor', `--json=${secret}`]],
    ['as a profile', (secret: string) => ['doctor', '--env', secret]],
    ['as a folder', (secret: string) => ['doctor', '--cwd', secret]],
    ['as a word too many', (secret: string) => ['doctor', secret]],
    ['as a token', (secret: string) => ['inspect', secret]],
    ['as a token, for programs', (secret: string) => ['inspect', '--json', secret]],
    ['as a purpose', (secret: string) => ['inspect', 'x', '--purpose', secret]],
    ['as two tokens', (secret: string) => ['inspect', secret, secret]],
    ['as a key to promote', (secret: string) => ['promote', secret]],
    ['as a key to retire', (secret: string) => ['retire', secret]],
    ['as a key to revoke', (secret: string) => ['revoke', secret, '--reason', 'a test']],
    ['as a step', (secret: string) => ['impact', secret]],
    ['as a key to ask about', (secret: string) => ['impact', 'revoke', secret]],
    ['as a file to stage from', (secret: string) => ['stage', '--from', secret]],
    ['as a ring', (secret: string) => ['stage', '--ring', secret]],
    ['as a number of replicas', (secret: string) => ['promote', '--replicas', secret]],
    ['as a duration', (secret: string) => ['rotate', '--wait', '--timeout', secret]],
    ['as a file to import', (secret: string) => ['import', secret]],
    ['as a list of guesses', (secret: string) => ['doctor', '--wordlist', secret]],
    ['as a keyring to replace', (secret: string) => ['init', '--replaces', secret]],
    ['as a variable to import', (secret: string) => ['import', '--variable', secret]],
  ])('%s', async (_, args) => {
    const env = { KEYTURN_ENV: 'dev' };
    for (const secret of secrets) {
      const ran = await keyturn(args(secret), { env });
      expect(ran.code).toBeGreaterThan(0);
      expectSilence(ran, secret);
    }
    // What Node itself makes of what was typed is written by the process.
    expectSilence(await program(args(PLANTED), { env }), PLANTED);
  });

  test('as a file of variables', async () => {
    // In this process: Node 20 looks for that file by itself, and tells its name.
    for (const secret of secrets)
      expectSilence(await keyturn(['doctor', '--env-file', secret], { env: { KEYTURN_ENV: 'dev' } }), secret);
  });

  test('on standard input', async () => {
    const around: Surroundings = { env: { KEYTURN_ENV: 'dev' }, input: PLANTED };
    expectSilence(await program(['inspect', '-'], around), PLANTED);
    for (const input of [PLANTED, json([PLANTED]), `{"keyturn": 1, "keys": [{"secret": "${PLANTED}"`]) {
      expectSilence(await program(['stage', '--ring', '-'], { ...around, input }), PLANTED);
    }
  });
});

test('the steps of a key on a document print none, and what they write keeps those that live', async () => {
  const cwd = await mkdtemp(join(ROOT, 'steps-'));
  const env = { KEYTURN_ENV: 'dev' };
  const step = async (...args: string[]) => {
    const ran = await keyturn(args, { cwd, env });
    expectSilence(ran, PLANTED);
    expect(ran.code).toBe(0);
    return ran;
  };
  writeFileSync(join(cwd, 'held'), json([PLANTED, STRONG]));
  await step('import', 'held');
  const document = readFileSync(join(cwd, '.keyturn/keyring.json'), 'utf8');
  for (const args of [
    ['status'],
    ['status', '--json'],
    ['history'],
    ['impact', 'revoke', kidOf(PLANTED)],
    ['stage'],
    ['promote', kidOf(STRONG), '--json'],
    ['rollback'],
    ['revoke', kidOf(STRONG), '--reason', 'a test'],
  ])
    await step(...args);
  // A pipeline is the way for a document, so there it does come out; on standard error it does not.
  const piped = await program(['rollback', '--ring', '-'], { env, input: document });
  expect(piped.stdout + document).toContain(PLANTED);
  expectSilence({ ...piped, stdout: '' }, PLANTED);
});

test('a fault of ours is told without its message', async () => {
  const cwd = await folderWith({});
  const preload = join(cwd, 'fault.mjs');
  writeFileSync(preload, `Intl.DateTimeFormat; JSON.stringify = () => { throw new Error('${PLANTED}'); };\n`);
  const ran = await program(['generate', '--json'], { cwd, env: { NODE_OPTIONS: `--import=${preload}` } });
  expect(ran).toMatchObject({ code: 1, stdout: '' });
  expect(ran.stderr).toMatch(
    /^keyturn: error: something broke inside keyturn \(Error.*\)\nkeyturn: hint: .*\n$/,
  );
  expectSilence(ran, PLANTED);
});
