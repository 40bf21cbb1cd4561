// What a Keyturn does to the process that it lives in: signals, and ending.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMING, COMMAND, FILE, STRONG } from '../support/machine.js';
import { afterwards, documentOf, newFolder } from '../support/ring-file.js';
import { runScript } from '../support/script.js';
import { until } from '../support/waiting.js';

const ONE = documentOf(1, [[STRONG, 'active']]);
const STAGED = documentOf(
  2,
  [
    [COMING, 'staged'],
    [STRONG, 'active'],
  ],
  { after: ONE },
);

const STAYS = `
const keyturn = await createKeyturn();
keyturn.on('change', (ring) => console.log('generation ' + ring.generation));
process.on('SIGUSR2', () => keyturn.close().then(() => console.log('closed')));
setInterval(() => {}, 1000);
console.log('ready');
`;

function folder(): { readonly cwd: string; readonly path: string; readonly command: string } {
  const cwd = newFolder();
  const path = join(cwd, 'keyring.json');
  writeFileSync(path, ONE, { mode: 0o600 });
  const print = 'process.stdout.write(require("fs").readFileSync(process.argv[1]))';
  return { cwd, path, command: JSON.stringify([process.execPath, '-e', print, path]) };
}

describe.concurrent('SIGHUP', () => {
  test('reads a command again, and a broken output leaves the last good ring', async () => {
    const { cwd, path, command } = folder();
    const script = runScript(STAYS, cwd, { KEYTURN_ENV: 'prod', [COMMAND]: command });
    await until(() => script.output().includes('ready'));
    writeFileSync(path, ONE.slice(0, 30));
    script.kill('SIGHUP');
    await until(() => script.output().includes('event=keyring.reload_failed'));
    writeFileSync(path, STAGED);
    script.kill('SIGHUP');
    await until(() => script.output().includes('generation 2'));
    // Told on another stream than the line before.
    await until(() => script.output().includes('event=keyring.recovered'));
    // Once it is closed, the signal means what it means to every process.
    script.kill('SIGUSR2');
    await until(() => script.output().includes('closed'));
    script.kill('SIGHUP');
    expect(await script.ended).toEqual({ code: null, signal: 'SIGHUP' });
  });

  test('reads a file again: what is wrong with it is said again', async () => {
    const { cwd, path } = folder();
    const script = runScript(STAYS, cwd, { KEYTURN_ENV: 'prod', [FILE]: path });
    await until(() => script.output().includes('ready'));
    writeFileSync(path, '{');
    const said = () => script.output().match(/keyring\.reload_failed/g)?.length ?? 0;
    await until(() => said() === 1);
    script.kill('SIGHUP');
    await until(() => said() === 2);
    script.kill('SIGKILL');
    await script.ended;
  });

  test('ends a process whose secret comes from a variable, as ever', async () => {
    const script = runScript(STAYS, newFolder(), {
      KEYTURN_ENV: 'prod',
      KEYTURN_SECURITY__SIGNING_SECRET: STRONG,
    });
    await until(() => script.output().includes('ready'));
    script.kill('SIGHUP');
    expect((await script.ended).signal).toBe('SIGHUP');
  });

  // A terminal needs a pseudo-terminal, and Node makes none.
  const pty = (() => {
    try {
      return execFileSync('python3', ['-c', 'import os, pty; print(os.openpty())']).length > 0;
    } catch {
      return false;
    }
  })();

  test.skipIf(!pty)('does not keep a process alive whose terminal is closed', async () => {
    const { cwd, path } = folder();
    const env = { KEYTURN_ENV: 'prod', [FILE]: path };
    // Only writes the module; the process that counts is started on the terminal.
    const written = runScript(STAYS, cwd, env);
    written.kill('SIGKILL');
    await written.ended;
    const python = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b''
while b'ready' not in seen:
    seen += os.read(terminal, 4096)
print('started', flush=True)
os.close(terminal)
_, status = os.waitpid(pid, 0)
print('signal', os.WTERMSIG(status) if os.WIFSIGNALED(status) else None, flush=True)
`;
    const child = spawn('python3', ['-c', python, process.execPath, join(cwd, 'script.mjs')], {
      cwd,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    afterwards(() => {
      try {
        process.kill(-(child.pid as number), 'SIGKILL');
      } catch {
        // It has ended, as it should.
      }
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    await once(child, 'close');
    expect(output).toBe('started\nsignal 1\n');
  });
});

describe.concurrent('a process that has nothing else to do', () => {
  test.each([
    ['and closes its Keyturn', 'await keyturn.close();', 0],
    ['and forgets to', '', 1],
  ])('%s ends by itself', async (_, body, reports) => {
    const { cwd, path } = folder();
    const script = runScript(`const keyturn = await createKeyturn();\n${body}`, cwd, {
      KEYTURN_ENV: 'prod',
      [FILE]: path,
    });
    expect(await script.ended).toEqual({ code: 0, signal: null });
    // What it forgot to take away counts for nothing: its process is gone.
    expect(readdirSync(`${path}.fleet`)).toHaveLength(reports);
  });
});
