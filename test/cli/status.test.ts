// keyturn status: in words, for programs, and while it watches.
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { COMING, FILE, kidOf, OLDER, OLDEST, SECRET, STRONG } from '../support/machine.js';
import { DEV, documentOf, newFolder, overwrite, ringFolder, run, textOf, until } from './ring.js';
import { keyturn, MAIN, TWO_LINES } from './run.js';

const running: ChildProcess[] = [];
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

const [K, OLD, NEW] = [kidOf(STRONG), kidOf(OLDER), kidOf(COMING)];

test.concurrent('every key with its next step, and the command to run next', async () => {
  const cwd = await ringFolder(
    { secret: COMING, state: 'staged' },
    { secret: STRONG, state: 'active' },
    { secret: OLDER, state: 'retiring' },
    { secret: OLDEST, state: 'retiring', daysAgo: 1 },
  );
  const ran = await run(cwd, 'status');
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(ran.stdout).toMatch(
    /^source +security.signing_secret.file in keyturn.toml \(.*keyring.json\): a keyring document$/m,
  );
  expect(ran.stdout).toMatch(/^keyring +generation 1, fingerprint \S{11}$/m);
  // No line of its history tells of it; but two keys have signed before.
  expect(ran.stdout).toMatch(/^rotated +\d{4}-.*\d\d:\d\d (UTC|[+-]\d\d:\d\d)/m);
  expect(ran.stdout).toMatch(/^KEY +STATE +SINCE +AGE +KNOWN BY +LAST VERIFIED +NEXT STEP$/m);
  expect(ran.stdout).toMatch(new RegExp(`^${NEW} +staged .* safe to promote now$`, 'm'));
  expect(ran.stdout).toMatch(
    new RegExp(`^${OLD} +retiring +\\d{4}-.* \\(365 d ago\\) +365 d or more .* safe to retire now$`, 'm'),
  );
  expect(ran.stdout).toMatch(
    new RegExp(
      `^${kidOf(OLDEST)} +retiring .* safe to retire at \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d (UTC|[+-]\\d\\d:\\d\\d) \\(in 29 d 1 h\\)$`,
      'm',
    ),
  );
  expect(ran.stdout).toContain('no process reports beside the file');
  expect(ran.stdout).toMatch(/\nnext: keyturn promote {2}# safe to promote now\n$/);
});

test.concurrent('--json', async () => {
  const cwd = await ringFolder({ secret: STRONG, state: 'active' }, { secret: OLDER, state: 'retiring' });
  const { stdout } = await run(cwd, 'status', '--json');
  expect(JSON.parse(stdout)).toEqual({
    profile: 'dev',
    source: 'security.signing_secret.file in keyturn.toml',
    path: expect.stringMatching(/keyring\.json$/),
    format: 'document',
    hides: [],
    place: expect.stringMatching(/keyring\.json$/),
    shared: false,
    roots: null,
    sealedUnder: null,
    ring: { id: 'ring-of-the-tests', generation: 1, fingerprint: expect.stringMatching(/^\S{11}$/) },
    rotatedAt: null,
    deploy: null,
    keys: [
      expect.objectContaining({
        kid: K,
        state: 'active',
        since: expect.stringMatching(/Z$/),
        safeAt: null,
        knownBy: 0,
      }),
      expect.objectContaining({
        kid: OLD,
        state: 'retiring',
        safeAt: expect.stringMatching(/Z$/),
        lastVerifiedAt: null,
      }),
    ],
    movingIn: [],
    replicas: [],
    unheardOfUntil: null,
    silence: null,
    differing: [],
    next: { command: 'keyturn retire', remark: 'safe to retire now', safeAt: expect.stringMatching(/Z$/) },
  });
});

describe('a source that is not what one thinks', () => {
  test.concurrent('a variable that hides a document', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const ran = await keyturn(['status'], { cwd, env: { ...DEV, [SECRET]: OLDER } });
    expect(ran.stdout).toMatch(new RegExp(`^source +${SECRET}: one secret$`, 'm'));
    expect(ran.stdout).toMatch(/^hides +security.signing_secret.file in keyturn.toml$/m);
    // To rotate what hides the document is hardly what is meant.
    expect(ran.stdout).toContain(`next: take ${SECRET} away, if you mean security.signing_secret.file in`);
    const rotated = await keyturn(['rotate', '--dry-run'], { cwd, env: { ...DEV, [SECRET]: OLDER } });
    expect(rotated.stderr).toContain(`${SECRET} is in force, and hides security.signing_secret.file`);
  });

  test.concurrent.each([
    ['one line', STRONG, 'one secret'],
    ['an array', JSON.stringify([STRONG, OLDER]), 'an array of secrets'],
  ])('a file with %s', async (_, content, format) => {
    const cwd = newFolder();
    writeFileSync(join(cwd, 'keys'), content);
    const { stdout } = await keyturn(['status'], { cwd, env: { ...DEV, [FILE]: 'keys' } });
    expect(stdout).toMatch(new RegExp(`^source +${FILE} \\(.*keys\\): ${format}$`, 'm'));
    expect(stdout).toMatch(/^next: keyturn import .*keys {2}# turns it into a keyring document/m);
  });

  test.concurrent('nothing at all: development has no keyring yet, production refuses', async () => {
    const none = await keyturn(['status'], { cwd: newFolder(), env: DEV });
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toMatch(TWO_LINES);
    expect(none.stderr).toContain('make one with keyturn init');
    const refused = await keyturn(['status'], { cwd: newFolder(), env: { KEYTURN_ENV: 'prod' } });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('no signing secret is configured');
  });
});

test.concurrent('where nothing of Keyturn is, no profile is to blame: it says so, and what to do', async () => {
  for (const command of ['status', 'history', 'impact']) {
    const ran = await keyturn([command], { cwd: newFolder() });
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(TWO_LINES);
    expect(ran.stderr).toContain('there is no keyring here: this folder has no keyturn.toml and no .keyturn');
    expect(ran.stderr).toMatch(/hint: .*--cwd FOLDER; keyturn init starts a keyring; keyturn demo /);
    expect(ran.stderr).not.toContain('production');
  }
});

test.concurrent.each([
  ['keyturn.toml', ''],
  ['keyturn.prod.toml', ''],
  ['.env', 'A=b'],
])('where there is a %s, it says what decided for production', async (name, text) => {
  const cwd = newFolder();
  writeFileSync(join(cwd, name), text);
  const ran = await keyturn(['status'], { cwd });
  expect(ran.stderr).toContain('no signing secret is configured, and production rules apply: ');
});

test.concurrent('a doubtful configuration is noted', async () => {
  const cwd = await ringFolder({ secret: 'short-and-weak', state: 'active' });
  const ran = await run(cwd, 'status');
  expect(ran.code).toBe(0);
  expect(ran.stderr).toMatch(/^keyturn: note: .* is too weak/);
});

test.concurrent('where keys come by themselves it is said when', async () => {
  const cwd = await ringFolder({ secret: STRONG, state: 'active', daysAgo: 80 });
  const env = { ...DEV, KEYTURN_SECURITY__ROTATION__EVERY: '90d' };
  const { stdout } = await keyturn(['status'], { cwd, env });
  expect(stdout).toMatch(/^next: nothing to do: the next key is staged by itself at \d{4}-.* \(in 10 d\)$/m);
  const overdue = { ...env, KEYTURN_SECURITY__ROTATION__EVERY: '70d' };
  expect((await keyturn(['status'], { cwd, env: overdue })).stdout).toMatch(
    /^next: nothing to do: a new key is due since .*, and a running process stages it$/m,
  );
});

describe('--watch', () => {
  async function watch(cwd: string, ...args: readonly string[]) {
    const child = spawn(process.execPath, [MAIN, 'status', '--watch', ...args], {
      cwd,
      env: { PATH: process.env.PATH, ...DEV },
    });
    running.push(child);
    const seen = { out: '', err: '', code: undefined as number | null | undefined };
    child.stdout.on('data', (part) => {
      seen.out += part;
    });
    child.stderr.on('data', (part) => {
      seen.err += part;
    });
    const closed = new Promise<void>((done) =>
      child.once('close', (code) => {
        seen.code = code;
        done();
      }),
    );
    return { child, seen, closed };
  }

  test.concurrent('off a terminal tells what changes, through a broken file too, and ends on Ctrl-C', async () => {
    const cwd = await ringFolder({ secret: COMING, state: 'staged' }, { secret: STRONG, state: 'active' });
    const { child, seen, closed } = await watch(cwd);
    await until(() => expect(seen.out).toContain(`key ${K}: active\n`));
    const first = seen.out.split('\n').length;
    await run(cwd, 'promote');
    await until(() => expect(seen.out).toContain(`key ${NEW}: active\n`));
    expect(seen.out).toContain(`key ${K}: retiring\n`);
    const good = textOf(cwd);
    overwrite(cwd, '{');
    await until(() => expect(seen.out).toMatch(/Z cannot be asked: .* is not valid JSON; /));
    overwrite(cwd, good);
    await until(() => expect(seen.out).toMatch(/Z answers again\n/));
    expect(seen.out).not.toContain(': gone');
    expect(first).toBeLessThanOrEqual(5);
    child.kill('SIGINT');
    await closed;
    expect(seen).toMatchObject({ code: 0, err: '' });
    for (const line of seen.out.trimEnd().split('\n')) expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z /);
  });

  test.concurrent('for programs: one line of JSON whenever something has changed', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const { child, seen, closed } = await watch(cwd, '--json');
    await until(() => expect(seen.out).toContain('\n'));
    overwrite(cwd, documentOf({ secret: OLDER, state: 'active' }));
    await until(() => expect(seen.out.split('\n').length).toBe(3));
    child.kill('SIGINT');
    await closed;
    expect(seen.code).toBe(0);
    const states = seen.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).keys[0].kid);
    expect(states).toEqual([K, OLD]);
  });

  test.concurrent('a reader that goes away ends it', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const { child, seen, closed } = await watch(cwd);
    await until(() => expect(seen.out).toContain(`key ${K}`));
    child.stdout.destroy();
    await run(cwd, 'stage');
    await closed;
    expect(seen).toMatchObject({ code: 0, err: '' });
  });

  test.runIf(process.platform === 'linux')('on a terminal draws it anew', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const script = `"${process.execPath}" "${MAIN}" status --watch`;
    const child = spawn('script', ['-qec', script, '/dev/null'], {
      cwd,
      env: { PATH: process.env.PATH, TERM: 'xterm', SHELL: '/bin/sh', ...DEV },
    });
    running.push(child);
    let out = '';
    child.stdout.on('data', (part) => {
      out += part;
    });
    await until(() => expect(out.split('\u001b[H').length).toBeGreaterThan(2));
    child.stdin.write('\u0003');
    await new Promise((done) => child.once('close', done));
    expect(out).toContain('Ctrl-C ends');
  });
});
