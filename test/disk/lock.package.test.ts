// One writer at a time, among real processes: those that hold on, crash, are stopped, or run elsewhere.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { thisProcess } from '../../src/disk/identity.js';
import { withLock } from '../../src/disk/lock.js';
import { newFolder } from '../support/ring-file.js';
import { runScript } from '../support/script.js';
import { ticks, until } from '../support/waiting.js';

const LOCK = pathToFileURL(join(process.cwd(), 'dist/disk/lock.js')).href;

const fresh = () => join(newFolder(), 'keyring.json');

/** A process that takes the lock and says so; on SIGUSR2 it says whether it may still write, and lets go. */
function holder(path: string) {
  return runScript(
    `
    const { withLock } = await import(${JSON.stringify(LOCK)});
    await withLock(${JSON.stringify(path)}, async ({ stillMine }) => {
      const asked = new Promise((done) => process.once('SIGUSR2', done));
      const busy = setInterval(() => {}, 1000);
      console.log('held');
      await asked;
      clearInterval(busy);
      console.log('still mine: ' + await stillMine());
    });
    console.log('let go');
    `,
    newFolder(),
  );
}

async function heldBy(path: string) {
  const script = holder(path);
  await until(() => script.output().includes('held'));
  return script;
}

/** Whoever waits for a lock tries about so often. */
const severalTries = () => ticks(15, 15);

const age = (path: string, seconds: number) => {
  const at = Date.now() / 1000 - seconds;
  utimesSync(path, at, at);
};

describe.concurrent('the lock', () => {
  test('lets one in at a time, among processes and within one', async () => {
    const path = fresh();
    writeFileSync(path, '0');
    const body = `
    const { withLock } = await import(${JSON.stringify(LOCK)});
    const { readFileSync, writeFileSync } = await import('node:fs');
    const path = ${JSON.stringify(path)};
    const once = () => withLock(path, async () => {
      const count = Number(readFileSync(path, 'utf8'));
      await new Promise((done) => setTimeout(done, Math.random() * 3));
      writeFileSync(path, String(count + 1));
    });
    for (let round = 0; round < 10; round++) await Promise.all([once(), once()]);
    `;
    const scripts = Array.from({ length: 4 }, () => runScript(body, newFolder()));
    for (const script of scripts)
      expect([await script.ended, script.output()]).toEqual([{ code: 0, signal: null }, '']);
    expect(readFileSync(path, 'utf8')).toBe('80');
    expect(readdirSync(join(path, '..'))).toEqual(['keyring.json']);
  });

  test('is let go when the work fails', async () => {
    const path = fresh();
    await expect(withLock(path, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await withLock(path, async () => 'free')).toBe('free');
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test('hands back what the work returns, and is nobody else’s to read', async () => {
    const path = fresh();
    const mode = await withLock(path, async ({ stillMine }) => {
      expect(await stillMine()).toBe(true);
      expect(JSON.parse(readFileSync(`${path}.lock`, 'utf8'))).toEqual({
        ...thisProcess(),
        mark: expect.stringMatching(/^[\w-]{12}$/),
      });
      return statSync(`${path}.lock`).mode & 0o777;
    });
    expect(mode).toBe(0o600);
  });

  test('of a killed process is broken promptly', async () => {
    const path = fresh();
    const script = await heldBy(path);
    script.kill('SIGKILL');
    await script.ended;
    const begun = performance.now();
    await withLock(path, async () => {});
    expect(performance.now() - begun).toBeLessThan(30_000);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test('of a killed process is broken by one of many', async () => {
    const path = fresh();
    const script = await heldBy(path);
    script.kill('SIGKILL');
    await script.ended;
    let inside = 0;
    await Promise.all(
      Array.from({ length: 12 }, () =>
        withLock(path, async () => {
          expect(++inside).toBe(1);
          await new Promise((done) => setTimeout(done, 2));
          inside--;
        }),
      ),
    );
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  test('of a running process is waited for', async () => {
    const path = fresh();
    const script = await heldBy(path);
    let entered = false;
    const waiting = withLock(path, async () => {
      entered = true;
    });
    await severalTries();
    expect(JSON.parse(readFileSync(`${path}.lock`, 'utf8')).pid).toBe(script.pid);
    expect(entered).toBe(false);
    script.kill('SIGUSR2');
    await waiting;
    await script.ended;
    expect(script.output()).toBe('held\nstill mine: true\nlet go\n');
  });

  test('that is not let go is refused in the end, by the name of its holder', async () => {
    const path = fresh();
    const script = await heldBy(path);
    const error = await withLock(path, async () => {}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'keyring_locked',
      message: `process ${script.pid} on ${hostname()} is changing the keyring and does not let go`,
      hint: `let it finish; if nothing runs any more, remove ${path}.lock`,
    });
    script.kill('SIGKILL');
    await script.ended;
  });

  test('of another host is broken after a minute, and not before', async () => {
    const path = fresh();
    writeFileSync(`${path}.lock`, JSON.stringify({ host: 'elsewhere', pid: 1, mark: 'theirs' }));
    age(`${path}.lock`, 20);
    let entered = false;
    const waiting = withLock(path, async () => {
      entered = true;
    });
    await severalTries();
    expect(JSON.parse(readFileSync(`${path}.lock`, 'utf8')).mark).toBe('theirs');
    expect(entered).toBe(false);
    age(`${path}.lock`, 61);
    await waiting;
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test.each([
    '',
    '{"host":"web',
    'null',
    '{}',
    '[1]',
    '{"host":1,"pid":"x","mark":null}',
  ])('that says nothing (%j) is broken after a second', async (text) => {
    const path = fresh();
    writeFileSync(`${path}.lock`, text);
    await withLock(path, async () => {});
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test('a breaker that was killed in the act does not stop the others', async () => {
    const path = fresh();
    writeFileSync(`${path}.lock`, JSON.stringify({ host: 'elsewhere', pid: 1, mark: 'theirs' }));
    age(`${path}.lock`, 100);
    mkdirSync(`${path}.lock.breaking`);
    age(`${path}.lock.breaking`, 6);
    await withLock(path, async () => {});
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  test('a holder that was stopped for a minute does not write any more, nor take away the lock of another', async () => {
    const path = fresh();
    const script = await heldBy(path);
    script.kill('SIGSTOP');
    age(`${path}.lock`, 61);
    await withLock(path, async ({ stillMine }) => {
      script.kill('SIGCONT');
      script.kill('SIGUSR2');
      await script.ended;
      expect(script.output()).toBe('held\nstill mine: false\nlet go\n');
      expect(await stillMine()).toBe(true);
    });
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  test('is the file system’s own error where no lock can be made', async () => {
    await expect(withLock('/nowhere/keyring.json', async () => {})).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
