// Node's permission model: a program reads what it is given, and fsync is forbidden to everybody, so nothing is written.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { keyturn, MAIN } from '../cli/run.js';
import { FILE, folderWith, SECRET, STRONG } from '../support/machine.js';
import { until } from '../support/waiting.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MODEL = Number(process.versions.node.split('.')[0]) < 22 ? '--experimental-permission' : '--permission';
const PROD = { KEYTURN_ENV: 'prod' };
const APP = `
import { createKeyturn } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
const keyturn = await createKeyturn().catch((error) => {
  console.log(error.code, error.message, error.hint);
  process.exit(1);
});
setInterval(() => console.log(keyturn.health.keys.map(({ state }) => state).join()), 50);
`;

type Env = Readonly<Record<string, string>>;

const given = (cwd: string, ...more: readonly string[]) => [
  MODEL,
  ...[cwd, ROOT, ...more].map((folder) => `--allow-fs-read=${folder}`),
];

function start(cwd: string, env: Env): { readonly child: ChildProcess; readonly said: () => string } {
  writeFileSync(join(cwd, 'app.mjs'), APP);
  const child = spawn(process.execPath, [...given(cwd), 'app.mjs'], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part) => {
      said += part;
    });
  return { child, said: () => said };
}

async function command(cwd: string, env: Env, ...args: readonly string[]) {
  const all = [...given(cwd), `--allow-fs-write=${cwd}`, MAIN, ...args];
  const options = { cwd, env: { PATH: process.env.PATH, ...env } };
  return await new Promise<{ code: number; said: string }>((done) => {
    const child = execFile(process.execPath, all, options, (_, stdout, stderr) =>
      done({ code: child.exitCode ?? -1, said: stdout + stderr }),
    );
  });
}

test('production starts with a variable', async () => {
  const { said } = start(await folderWith({}), { ...PROD, [SECRET]: STRONG });
  await until(() => said().includes('active\n'));
});

test('production starts with a document, and follows a step that is taken without the model', async () => {
  const cwd = await folderWith({});
  expect(await keyturn(['init', '--env', 'dev'], { cwd })).toMatchObject({ code: 0 });
  const { said } = start(cwd, PROD);
  await until(() => said().includes('active\n'));
  expect(await keyturn(['stage'], { cwd, env: PROD })).toMatchObject({ code: 0 });
  await until(() => said().includes('staged'));
});

test('a secret outside of what may be read is said, and what has to be given', async () => {
  const { child, said } = start(await folderWith({}), { ...PROD, [FILE]: '/etc/hostname' });
  await until(() => child.exitCode !== null);
  expect(said()).toContain('secret_unreadable');
  expect(said()).toContain('(ERR_ACCESS_DENIED; its path is not shown');
  expect(said()).toContain('start Node with --allow-fs-read for this file, too');
});

test('development cannot keep a secret of its own, and says so', async () => {
  const { child, said } = start(await folderWith({}), { KEYTURN_ENV: 'dev' });
  await until(() => child.exitCode !== null);
  expect(said()).toContain('dev_secret_unwritable');
  expect(said()).toContain('without the permission model of Node');
});

test('commands that look work; those that write say why they cannot', async () => {
  const cwd = await folderWith({});
  expect(await keyturn(['init', '--env', 'dev'], { cwd })).toMatchObject({ code: 0 });
  for (const args of [['status'], ['doctor'], ['history'], ['impact', 'rotate']])
    expect(await command(cwd, PROD, ...args)).toMatchObject({ code: 0 });
  for (const args of [['stage'], ['rotate', '--wait']]) {
    const { code, said } = await command(cwd, PROD, ...args);
    expect(code).toBe(1);
    expect(said).toContain('cannot be changed (ERR_ACCESS_DENIED)');
    expect(said).toContain('run this without the permission model of Node');
  }
  const empty = await folderWith({});
  const { code, said } = await command(empty, { KEYTURN_ENV: 'dev' }, 'init');
  expect(code).toBe(1);
  expect(said).toContain('ERR_ACCESS_DENIED');
  expect(said).not.toContain('something broke inside');
});
