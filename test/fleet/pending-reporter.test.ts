// A process that goes by a secret alone says so beside a document as soon as there is one.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { fleetFolder } from '../../src/fleet/file-fleet.js';
import { createKeyturn } from '../../src/index.js';
import { initRing } from '../../src/rotation/init/init.js';
import { Rotation } from '../../src/rotation/rotation.js';
import { memoryLogger } from '../support/keyturn.js';
import { SECRET, STRONG } from '../support/machine.js';
import { until } from '../support/waiting.js';

afterEach(() => vi.useRealTimers());

const SIGNS = { terminal: false, debugger: false, container: false };

function machineIn(cwd: string, env: Record<string, string>) {
  const now = Date.now();
  return { cwd, env, signs: SIGNS, now: () => now, monotonic: () => ({ clock: 'boot one', shows: 0 }) };
}

/** A process on the variable, whose timers the test moves; the document is made while it runs. */
async function runningBeside(env: Record<string, string>): Promise<string> {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const cwd = mkdtempSync(join(tmpdir(), 'keyturn-beside-'));
  const keyturn = await createKeyturn({ cwd, env, profile: 'dev', logger: memoryLogger() });
  onTestFinished(async () => {
    await keyturn.close();
    rmSync(cwd, { recursive: true, force: true });
  });
  await initRing({ machine: machineIn(cwd, env), profile: 'dev', imported: [], placeSaid: true });
  return cwd;
}

const reportsIn = (cwd: string) => {
  const folder = fleetFolder(join(cwd, '.keyturn', 'keyring.json'));
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
};

test.each([
  ['a variable', { [SECRET]: STRONG }],
  ['the secret of development', {}],
])('one look, a second later, and it has said that it goes by %s', async (_, env) => {
  const cwd = await runningBeside(env as Record<string, string>);
  expect(reportsIn(cwd)).toEqual([]);
  await vi.advanceTimersByTimeAsync(1000);
  await until(() => reportsIn(cwd).length === 1);
  // And neither a promotion nor a key that is to sign by itself passes over its head.
  const rotation = async () => await Rotation.open({ machine: machineIn(cwd, {}), profile: 'dev' });
  for (const step of [
    async () => await (await rotation()).promote(),
    async () => await (await rotation()).stage({ activateIn: 3600 }),
  ])
    await expect(step()).rejects.toMatchObject({ code: 'source_differs' });
});
