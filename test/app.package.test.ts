// Two apps that share one keyring document: its steps count the processes of both, and each is told of the other.
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { runDoctor } from '../src/doctor/run.js';
import { FileFleet } from '../src/fleet/file-fleet.js';
import type { Keyturn } from '../src/keyturn.js';
import { startKeyturn } from '../src/start/start.js';
import { keyturn as command } from './cli/run.js';
import { memoryLogger } from './support/keyturn.js';
import { FILE, folderWith, machine } from './support/machine.js';

const running: Keyturn[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((keyturn) => keyturn.close()));
});

async function place() {
  const cwd = await folderWith({});
  const dev = { KEYTURN_ENV: 'dev' };
  expect((await command(['init'], { cwd, env: dev })).code).toBe(0);
  const env = { ...dev, [FILE]: join(cwd, '.keyturn/keyring.json') };
  const start = async (app: Readonly<Record<string, string>>) => {
    const logger = memoryLogger();
    const at = machine({ cwd, env: { ...env, ...app } });
    const keyturn = await startKeyturn({ logger }, { ...at, now: Date.now });
    running.push(keyturn);
    return { keyturn, told: () => logger.records.filter(({ facts }) => facts.event === 'app.others') };
  };
  return { cwd, env, start, document: env[FILE] as string };
}

test('processes of both are heard, confirmed, and told of each other', async () => {
  const { cwd, env, start } = await place();
  const shop = await start({ KEYTURN_APP: 'shop' });
  const blog = await start({ KEYTURN_APP: 'blog' });
  expect(shop.told()).toEqual([]);
  expect(blog.told()).toMatchObject([
    { level: 'warn', message: expect.stringContaining('the app name shop') },
  ]);
  const here = { cwd, env: { ...env, KEYTURN_APP: 'shop' } };
  const { stdout } = await command(['status'], here);
  expect(stdout).toContain(
    'has the app name blog on the same secret, and this command has the app name shop',
  );
  const json = JSON.parse((await command(['status', '--json'], here)).stdout);
  expect(json.replicas.map(({ authentic }: { authentic: boolean }) => authentic)).toEqual([true, true]);
  const { checks } = await runDoctor(machine({ ...here, now: Date.now() }));
  expect(checks.find(({ name }) => name === 'fleet')?.detail).toContain('the app name blog');
});

test('a step waits for what an ended process of the other app has signed', async () => {
  const { start, document } = await place();
  const { keyturn } = await start({ KEYTURN_APP: 'blog' });
  keyturn.signer('invitation').sign(1);
  const kid = keyturn.keyring.keys[0]?.id as string;
  const { internalsOf } = await import('../src/keyturn.js');
  const ring = internalsOf(keyturn).ring.current;
  await keyturn.close();
  for (const app of ['shop', 'blog', undefined]) {
    const ended = await new FileFleet(document, 60, Date.now, app).ended(ring);
    expect(ended[kid]).toBeGreaterThan(Date.now() - 60_000);
  }
});
