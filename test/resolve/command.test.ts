import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { untilThere } from '../../src/process/awaited.js';
import { findSecret, Printed } from '../../src/secret/find-secret.js';
import {
  COMMAND,
  expectNoLeak,
  FILE,
  folderWith,
  keysOf,
  OLDER,
  problemsOf,
  refusalOn,
  resolveOn,
  SECRET,
  STRONG,
  tempDir,
} from '../support/machine.js';
import { NOT_FOR_EVER } from '../support/waiting.js';

const PROD = { KEYTURN_ENV: 'prod' };

/** A command that runs a piece of JavaScript. */
function node(script: string, ...args: string[]): string {
  return JSON.stringify([process.execPath, '-e', script, '--', ...args]);
}

/** A command that prints its argument as it is. */
function prints(text: string): string {
  return node('process.stdout.write(process.argv[1])', text);
}

async function fromCommand(command: string) {
  return await resolveOn({ env: { ...PROD, [COMMAND]: command } });
}

describe('the command variable', () => {
  test.each([
    ['one line', STRONG, 'secret', [`${STRONG}:active`]],
    ['one line with its end', `${STRONG}\r\n`, 'secret', [`${STRONG}:active`]],
    ['a byte-order mark', `\uFEFF${STRONG}`, 'secret', [`${STRONG}:active`]],
    ['an array', JSON.stringify([STRONG, OLDER]), 'array', [`${STRONG}:active`, `${OLDER}:retiring`]],
  ])('reads %s like the file', async (_, output, format, keys) => {
    const resolution = await fromCommand(prints(output));
    expect(resolution.problems).toEqual([]);
    expect(resolution.source).toMatchObject({ kind: 'command', name: COMMAND, format });
    expect(keysOf(resolution)).toEqual(keys);
  });

  test('reads a keyring document', async () => {
    const document = {
      keyturn: 1,
      id: 'ring',
      generation: 0,
      keys: [
        { kid: (await fromCommand(prints(STRONG))).keyring?.active.id, state: 'active', secret: STRONG },
      ],
    };
    const resolution = await fromCommand(prints(JSON.stringify(document)));
    expect(resolution.problems).toEqual([]);
    expect(resolution.source?.format).toBe('document');
  });

  test('hands over its arguments as they stand: no shell looks at them', async () => {
    const cwd = tempDir();
    const hostile = `$(touch ${cwd}/shell) \`touch ${cwd}/shell\` ; touch ${cwd}/shell | * ~ "$HOME" 'x' &&`;
    const resolution = await resolveOn({ cwd, env: { ...PROD, [COMMAND]: prints(hostile) } });
    expect(keysOf(resolution)).toEqual([`${hostile}:active`]);
    expect(existsSync(join(cwd, 'shell'))).toBe(false);
  });

  test('runs in the folder of the app, without input to wait for', async () => {
    const cwd = await folderWith({
      'tool.mjs': `process.stdin.on('data', () => {}).on('end', () => console.log('${STRONG}'))`,
    });
    const command = JSON.stringify([process.execPath, './tool.mjs']);
    expect(keysOf(await resolveOn({ cwd, env: { ...PROD, [COMMAND]: command } }))).toEqual([
      `${STRONG}:active`,
    ]);
  });

  test('ignores what is said on standard error', async () => {
    const resolution = await fromCommand(node(`console.error('warning'); console.log('${STRONG}')`));
    expect(keysOf(resolution)).toEqual([`${STRONG}:active`]);
  });

  test('is not run while a source above it is there', async () => {
    const cwd = await folderWith({ key: STRONG });
    const command = node(`require('node:fs').writeFileSync('ran', '')`);
    for (const above of [{ [SECRET]: STRONG }, { [FILE]: 'key' }]) {
      await resolveOn({ cwd, env: { ...PROD, ...above, [COMMAND]: command } });
      expect(existsSync(join(cwd, 'ran'))).toBe(false);
    }
  });

  test.each(['keyturn.toml', 'keyturn.prod.toml'])('is refused in %s, and not run', async (name) => {
    const cwd = await folderWith({
      [name]: `[security.signing_secret]\ncommand = ["touch", "ran"]`,
    });
    const error = await refusalOn({ cwd, env: { ...PROD, [SECRET]: STRONG } });
    expect(error.code).toBe('config_invalid');
    expect(error.message).toContain(`${COMMAND} only`);
    await refusalOn({ cwd, env: PROD });
    expect(existsSync(join(cwd, 'ran'))).toBe(false);
  });

  test('is refused from the program as well', async () => {
    const config = { security: { signing_secret: { command: '["echo","x"]' } } };
    expect((await refusalOn({ env: { ...PROD, [SECRET]: STRONG } }, config)).message).toContain(
      `${COMMAND} only`,
    );
  });
});

describe('a command that gives no secret is an error', () => {
  // Argument, output and standard error all hold the planted text; no error may.
  const say = `process.stdout.write(process.argv[1]); process.stderr.write(process.argv[1]);`;

  test.each([
    ['a failure', node(`${say} process.exitCode = 3`, STRONG), 'command_failed', 'ended with exit code 3'],
    [
      'a signal',
      node(`${say} process.kill(process.pid, 'SIGKILL')`, STRONG),
      'command_failed',
      'was ended by SIGKILL',
    ],
    [
      'more than 1 MiB',
      node(`const s = process.argv[1]; process.stdout.write(s.repeat(2 ** 20))`, STRONG),
      'command_failed',
      'printed more than 1 MiB',
    ],
    [
      'a program that is not there',
      JSON.stringify([`./${STRONG}`, STRONG]),
      'command_failed',
      'could not be run (ENOENT)',
    ],
    [
      'a program that cannot be run',
      JSON.stringify(['/dev/null/x', STRONG]),
      'command_failed',
      'could not be run (ENOTDIR)',
    ],
    ['a NUL in an argument', JSON.stringify(['echo', `${STRONG}\0`]), 'command_failed', 'could not be run'],
    [
      'too long a list',
      JSON.stringify(['echo', STRONG.repeat(10_000)]),
      'command_failed',
      'could not be run (E2BIG)',
    ],
    ['no output', JSON.stringify(['true', STRONG]), 'secret_empty', 'printed is empty'],
    ['an empty line', prints('\n'), 'secret_empty', 'printed is empty'],
    ['two lines', prints(`${STRONG}\n${OLDER}`), 'secret_malformed', 'control character'],
    [
      'bytes that are not UTF-8',
      node(`process.stdout.write(Buffer.concat([Buffer.from(process.argv[1]), Buffer.of(255)]))`, STRONG),
      'secret_malformed',
      'not UTF-8',
    ],
    ['an array cut off', prints(`["${STRONG}"`), 'secret_malformed', 'JSON array'],
    ['a document cut off', prints(`{"keyturn":1,"x":"${STRONG}"`), 'document_invalid', 'not valid JSON'],
  ])('%s', async (_, command, code, said) => {
    const resolution = await fromCommand(command);
    expect(resolution.keyring).toBeUndefined();
    expect(problemsOf(resolution, 'error')).toEqual([expect.stringMatching(new RegExp(`^${code}: `))]);
    const error = resolution.problems[0]?.error;
    expect(error?.message).toContain(COMMAND);
    expect(error?.message).toContain(said);
    expect(error?.cause).toBeUndefined();
    expectNoLeak([error], STRONG);
  });

  test.each([
    `echo ${STRONG}`,
    `"echo ${STRONG}"`,
    `["echo", "${STRONG}"`,
    `{"0":"${STRONG}"}`,
    `["echo", 1, "${STRONG}"]`,
    `["", "${STRONG}"]`,
    '[]',
    'null',
  ])('%j is no argument list, and is not shown', async (command) => {
    const [problem] = (await fromCommand(command)).problems;
    expect(problem?.error).toMatchObject({
      code: 'secret_malformed',
      message: `${COMMAND} is not a JSON argument list`,
    });
    expectNoLeak([problem?.error], STRONG);
  });

  test('one that does not end is ended, even when it does not heed being asked to', async () => {
    const started = performance.now();
    const input = {
      printed: new Printed(),
      cwd: tempDir(),
      dataDir: '.keyturn',
      development: false,
      ephemeral: false,
      create: false,
      commandTimeoutMs: 300,
      command: {
        name: COMMAND,
        value: node(`process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)`, STRONG),
      },
    };
    const error: unknown = await untilThere(() => findSecret(input)).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: 'command_failed',
      message: `the command in ${COMMAND} did not end within 0.3 s`,
    });
    expectNoLeak([error], STRONG);
    expect(performance.now() - started).toBeLessThan(NOT_FOR_EVER);
  });
});
