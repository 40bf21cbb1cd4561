// What real processes beside one keyring document verify, and what is left of it when they end.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Count } from '../../src/fleet/counts.js';
import { fleetFolder } from '../../src/fleet/file-fleet.js';
import { openRotation, type Rotation } from '../../src/rotation/index.js';
import { COMING, FILE, kidOf, STRONG } from '../support/machine.js';
import { documentOf, newFolder } from '../support/ring-file.js';
import { runScript } from '../support/script.js';
import { until } from '../support/waiting.js';

const RING = documentOf(2, [
  [COMING, 'staged'],
  [STRONG, 'active'],
]);
const KID = kidOf(STRONG);

/** Verifies, says so, and goes on until it is told to end. Reports every 50 ms. */
const VERIFIES = `
  const keyturn = await createKeyturn({ logger: { debug() {}, info() {}, warn() {}, error() {} } });
  const signer = keyturn.signer('password-reset');
  const token = signer.sign(1);
  for (let n = 0; n < Number(process.env.TIMES); n++) if (!signer.verify(token).ok) throw new Error('refused');
  signer.verify('no token');
  const goOn = setInterval(() => {}, 1000);
  process.on('SIGTERM', async () => { clearInterval(goOn); await keyturn.close(); });
  console.log('verified');
`;

function place() {
  const cwd = newFolder();
  const path = join(cwd, 'keyring.json');
  writeFileSync(path, RING, { mode: 0o600 });
  return { path, env: { KEYTURN_ENV: 'prod', [FILE]: path } };
}

/** @param lease seconds; a third of it lies between two reports */
async function running(env: Readonly<Record<string, string>>, times: number, lease: string) {
  const script = runScript(VERIFIES, newFolder(), {
    ...env,
    TIMES: String(times),
    KEYTURN_SECURITY__KEYRING__LEASE: lease,
  });
  await until(() => script.output().includes('verified'));
  return {
    end: async (signal: NodeJS.Signals) => {
      script.kill(signal);
      return await script.ended;
    },
  };
}

const LONG = '15m';
const SHORT = '2s';

async function looking<T>(env: Readonly<Record<string, string>>, look: (rotation: Rotation) => Promise<T>) {
  const rotation = await openRotation({ cwd: newFolder(), env });
  try {
    return await look(rotation);
  } finally {
    await rotation.close();
  }
}

const sum = (counts: readonly Count[] = []) => counts.reduce((all, { verified }) => all + verified, 0);
const seen = (env: Readonly<Record<string, string>>) =>
  looking(env, async (rotation) => ({
    short: sum((await rotation.counts('quarter-hour'))?.counts),
    day: sum((await rotation.counts('day'))?.counts),
    month: sum((await rotation.counts('month'))?.counts),
  }));

describe.concurrent('beside a document', () => {
  test('what a process verified is there while it runs, by key and purpose', async () => {
    const { env } = place();
    const began = Date.now();
    const process = await running(env, 12, SHORT);
    await until(async () => (await seen(env)).short > 0);
    const counts = await looking(env, (rotation) => rotation.counts('quarter-hour'));
    expect(sum(counts?.counts)).toBe(12);
    for (const { start, kid, purpose } of counts?.counts ?? []) {
      expect({ kid, purpose }).toEqual({ kid: KID, purpose: 'password-reset' });
      expect(start).toBeGreaterThan(began - 5000);
      expect(start).toBeLessThanOrEqual(Date.now());
    }
    expect(counts).toMatchObject({ span: 'quarter-hour', to: expect.any(Number) });
    await process.end('SIGTERM');
  });

  test('it survives a restart, and that of two processes adds up', async () => {
    const { env } = place();
    const first = await running(env, 5, LONG);
    expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await seen(env)).toEqual({ short: 5, day: 5, month: 5 });
    const both = await Promise.all([running(env, 7, LONG), running(env, 11, LONG)]);
    const ends = await Promise.all(both.map((one) => one.end('SIGTERM')));
    expect(ends.map(({ code }) => code)).toEqual([0, 0]);
    expect(await seen(env)).toEqual({ short: 23, day: 23, month: 23 });
  });

  test('one that is killed loses what it had not told, and no more', async () => {
    const { env } = place();
    const first = await running(env, 5, SHORT);
    await until(async () => (await seen(env)).short === 5);
    await first.end('SIGKILL');
    const second = await running(env, 7, LONG);
    await second.end('SIGKILL');
    const { short } = await seen(env);
    // On a machine that does much else it may have reported once more.
    expect([5, 12]).toContain(short);
    const third = await running(env, 11, LONG);
    await third.end('SIGTERM');
    expect((await seen(env)).short).toBe(short + 11);
  });

  test('a process that verified nothing leaves nothing', async () => {
    const { env, path } = place();
    const idle = await running(env, 0, LONG);
    await idle.end('SIGTERM');
    expect(readdirSync(fleetFolder(path)).filter((name) => name.startsWith('verified'))).toEqual([]);
  });
});

test('with variables only nobody keeps it', async () => {
  const env = { KEYTURN_ENV: 'prod', KEYTURN_SECURITY__SIGNING_SECRET: STRONG };
  const process = await running(env, 3, LONG);
  await process.end('SIGTERM');
  expect(await looking(env, (rotation) => rotation.counts('day'))).toBeUndefined();
  expect(existsSync('verified-day.json')).toBe(false);
});

test('a span that is none is refused', async () => {
  const { env } = place();
  await looking(env, async (rotation) => {
    for (const span of ['week', '', undefined, 'toString', { day: 1 }])
      await expect(rotation.counts(span as never)).rejects.toMatchObject({ code: 'argument_invalid' });
  });
});
