// Manners of the command line: help, version, wrong usage, streams.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { COMMON_OPTIONS } from '../../src/cli/command.js';
import { STEP_OPTIONS, WHO } from '../../src/cli/step-options.js';
import { tempDir } from '../support/machine.js';
import { keyturn, MAIN, program, TWO_LINES } from './run.js';

const COMMANDS = [
  'init',
  'doctor',
  'generate',
  'import',
  'status',
  'rotate',
  'stage',
  'promote',
  'rollback',
  'retire',
  'revoke',
  'impact',
  'history',
  'inspect',
  'console',
  'adopt',
  'demo',
];
const PACKAGE = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** The help of a command without the options that the page explains once. */
function withoutShared(name: string, help: string): string {
  const isStep = ['rotate', 'stage', 'promote', 'rollback', 'retire', 'revoke'].includes(name);
  const shared = [...COMMON_OPTIONS, WHO, ...(isStep ? STEP_OPTIONS : [])].map((one) => one.name);
  const isShared = (line: string) => shared.includes(/^ {2}(?:-\w, | {4})--([\w-]+)/.exec(line)?.[1] ?? '');
  const lines = help.split('\n').filter((line) => !isShared(line));
  return lines.join('\n').replace(/\n\nOptions:\n$/, '\n');
}

describe('help and version', () => {
  test('--version prints the version of the package', async () => {
    expect(await program(['--version'])).toEqual({ code: 0, stdout: `${PACKAGE.version}\n`, stderr: '' });
  });

  test('--help, -h and help print the overview, with every command', async () => {
    const [long, short, word] = await Promise.all(
      [['--help'], ['-h'], ['help']].map((args) => keyturn(args)),
    );
    expect(long?.code).toBe(0);
    for (const command of COMMANDS) expect(long?.stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
    expect(short).toEqual(long);
    expect(word).toEqual(long);
  });

  test.each(
    COMMANDS,
  )('%s --help is what help %s prints, and what docs/command-line.md shows', async (name) => {
    const [option, word] = await Promise.all([keyturn([name, '--help']), keyturn(['help', name])]);
    expect(option.code).toBe(0);
    expect(option.stdout).toBe(word.stdout);
    const docs = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8');
    expect(docs).toContain(withoutShared(name, option.stdout));
  });

  test('every file in commands/ is a command that the overview lists', () => {
    const files = readdirSync(new URL('../../src/cli/commands/', import.meta.url));
    expect(files.sort()).toEqual(COMMANDS.map((name) => `${name}.ts`).sort());
  });

  test('no line of help is wider than 100 characters', async () => {
    for (const name of COMMANDS) {
      for (const line of (await keyturn(['help', name])).stdout.split('\n')) {
        expect(line.length).toBeLessThanOrEqual(100);
      }
    }
  });
});

describe('wrong usage ends with 2 and two lines', () => {
  test.each([
    [[], 'no command is given', 'keyturn --help'],
    [['docter'], 'unknown command docter', 'did you mean doctor?'],
    [['frobnicate'], 'unknown command', 'keyturn --help lists the commands'],
    [['help', 'genrate'], 'unknown command genrate', 'did you mean generate?'],
    [['help', 'doctor', 'init'], 'too many words', 'keyturn help COMMAND'],
    [['doctor', '--jsn'], 'unknown option --jsn', 'did you mean --json?'],
    [['stage', '--why', 'x'], 'unknown option --why', 'did you mean --reason?'],
    [['doctor', '--frobnicate'], 'unknown option', 'keyturn help doctor lists the options'],
    [['doctor', '-x'], 'unknown option', 'keyturn help doctor'],
    [['doctor', 'now'], 'too many words', 'write keyturn doctor [--strict]'],
    [['doctor', '--strict=1'], '--strict takes no value', 'write --strict alone'],
    [['doctor', '--cwd'], '--cwd needs a value', 'write --cwd FOLDER'],
    [['doctor', '--cwd', '--json'], '--cwd needs a value', 'write --cwd FOLDER'],
    [['doctor', '--cwd', '/nowhere/at/all'], '--cwd names no folder', 'write --cwd FOLDER'],
    [['doctor', '--env', 'produktion'], '--env takes dev, test, prod', 'did you mean production?'],
    [['doctor', '--env='], '--env needs a value', 'write --env PROFILE'],
    [['inspect'], 'TOKEN is missing', 'write keyturn inspect TOKEN|-'],
    [['inspect', 'a', 'b'], 'too many words', 'write keyturn inspect TOKEN|-'],
    [
      ['inspect', 'a', '--purpose', 'No Purpose'],
      '--purpose takes the name of a purpose',
      'begins with a letter',
    ],
    [['status', 'now'], 'too many words', 'write keyturn status [--watch]'],
    [['stage', '--activate-in', 'soon'], '--activate-in takes a duration', 'write --activate-in 10min'],
    [['stage', '--from'], '--from needs a value', 'write --from FILE'],
    [['stage', '--reason', ' '], '--reason needs a value', 'write --reason TEXT'],
    [['stage', '--ring', 'keyring.json'], '--ring takes - only', 'write --ring -'],
    [['stage', '--ring', '-', '--json'], '--json and --ring - both want', 'leave out --json'],
    [['promote', 'a', 'b'], 'too many words', 'write keyturn promote [KID]'],
    [['promote', '--replicas', 'all'], '--replicas takes a whole number', 'write --replicas 3'],
    [['promote', '--replicas', '0'], '--replicas takes a whole number', 'write --replicas 3'],
    [['retire', '--dry'], 'unknown option', 'keyturn help retire lists the options'],
    [['revoke'], 'KID is missing', 'write keyturn revoke KID --reason TEXT'],
    [['revoke', 'abcdefgh'], '--reason is missing', 'write keyturn revoke KID --reason TEXT'],
    [['revoke', 'abcdefgh', '--reason', ''], '--reason needs a value', 'write --reason TEXT'],
    [['rotate', '--timeout', '5min'], '--timeout is for --wait', 'add --wait'],
    [['rotate', '--wait', '--timeout', 'x'], '--timeout takes a duration', 'write --timeout 10min'],
    [['rotate', '--wait', '--activate-in', '1h'], '--wait and --activate-in exclude', 'needs no waiting'],
    [['rotate', '--wait', '--dry-run'], '--wait and --dry-run exclude', 'leave out --wait'],
    [['rotate', '--wait', '--ring', '-'], '--wait and --ring - exclude', 'keyturn promote --ring - later'],
    [['impact', 'destroy'], 'unknown step', 'write keyturn impact [rotate | retire KID | revoke KID]'],
    [['impact', 'retire'], 'KID is missing', 'write keyturn impact retire KID'],
    [['impact', 'rotate', 'x'], 'too many words', 'write keyturn impact rotate'],
    [['impact', '--json', '--markdown'], '--json and --markdown exclude', 'choose one'],
    [['import'], 'FILE or --variable is missing', 'write keyturn import FILE'],
    [['import', 'x', '--variable', 'Y'], 'FILE and --variable exclude', 'write keyturn import FILE'],
    [['--frobnicate'], 'unknown option', 'keyturn --help'],
    [['--', 'doctor'], 'no command is given', 'keyturn --help'],
    [['constructor'], 'unknown command', 'keyturn --help'],
  ])('%j', async (args, error, hint) => {
    const ran = await keyturn(args as string[]);
    expect(ran.code).toBe(2);
    const json = (args as string[]).includes('--json') && !(args as string[]).includes('--ring');
    if (json) expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code: 'usage', safeAt: null } });
    else expect(ran.stdout).toBe('');
    expect(ran.stderr).toMatch(TWO_LINES);
    const [first, second] = ran.stderr.split('\n');
    expect(first).toContain(error);
    expect(second).toContain(hint);
  });

  test('as the program, too', async () => {
    const [ran, inside] = [await program(['docter']), await keyturn(['docter'])];
    expect(ran.code).toBe(2);
    expect(ran).toEqual(inside);
  });
});

describe('streams', () => {
  test('options may stand before the command', async () => {
    const cwd = tempDir();
    const ran = await keyturn(['--json', '--cwd', cwd, '--env', 'dev', 'doctor']);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout).summary.failed).toBe(0);
  });

  test('a reader that has seen enough is no fault', async () => {
    const cwd = tempDir();
    const script = `"${process.execPath}" "${MAIN}" doctor --env dev; echo "code $?" >&2`;
    const child = spawn('sh', ['-c', `(${script}) | true`], { cwd, env: { PATH: process.env.PATH } });
    let stderr = '';
    child.stderr.on('data', (part) => {
      stderr += part;
    });
    await new Promise((ended) => child.on('close', ended));
    expect(stderr).toBe('code 0\n');
  });

  test.runIf(process.platform === 'linux')('a full disk is one', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [MAIN, 'generate'], { stdio: ['ignore', full, 'pipe'] });
    let stderr = '';
    child.stderr?.on('data', (part) => {
      stderr += part;
    });
    const code = await new Promise((ended) => child.on('close', ended));
    expect(code).toBe(1);
    expect(stderr).toMatch(TWO_LINES);
  });

  test.runIf(process.platform === 'linux')('colour on a terminal only, and never with NO_COLOR', () => {
    const onTerminal = (env: Record<string, string>) =>
      execFileSync('script', ['-qec', `"${process.execPath}" "${MAIN}" doctor --env dev`, '/dev/null'], {
        cwd: tempDir(),
        env: { PATH: process.env.PATH, TERM: 'xterm', SHELL: '/bin/sh', ...env },
        encoding: 'utf8',
      });
    expect(onTerminal({})).toContain('\u001b[33msigning_secret');
    expect(onTerminal({ NO_COLOR: '1' })).not.toContain('\u001b[');
    expect(onTerminal({ TERM: 'dumb' })).not.toContain('\u001b[');
  });
});

test.skipIf(process.platform === 'win32')('a shell that stands in a folder that is gone', async () => {
  for (const args of [
    ['status'],
    ['doctor'],
    ['init'],
    ['inspect', 'x'],
    ['adopt'],
    ['status', '--cwd', 'x'],
  ]) {
    const cwd = tempDir();
    const command = ['rmdir "$PWD"; exec "$0" "$@"', process.execPath, MAIN, ...args];
    const { status, stderr } = spawnSync('sh', ['-c', ...command], { cwd, encoding: 'utf8' });
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/^keyturn: error: the working directory is not there any more\n/),
    ]);
  }
});
