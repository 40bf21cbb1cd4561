// keyturn init in an engine where processes hold a keyring: it waits for them, and gives one up only when told which.
import { describe, expect, vi } from 'vitest';
import { kidOf, OLDER, OLDEST, STRONG } from '../support/machine.js';
import {
  type EngineName,
  failingClients,
  firstRing,
  inPlace,
  machineOf,
  operate,
  type ReplicaStart,
  type SharedPlace,
  severalLooks,
  startReplica,
  storeOf,
  TIMES,
} from '../support/shared-ring.js';
import { until } from '../support/waiting.js';
import { keyturn, type Ran, type Simulated } from './run.js';

const ENGINES: readonly EngineName[] = ['redis', 'postgres'];
const RING = firstRing(STRONG);

// Most of the time they wait, so they do it together.
vi.setConfig({ maxConcurrency: 4 });

describe.concurrent.each(ENGINES)('%s:', (engine) => {
  const test = inPlace(engine, RING);

  /** A command in the environment of the service. */
  async function command(
    place: SharedPlace,
    args: readonly string[],
    start: ReplicaStart = {},
    more: Simulated = {},
  ): Promise<Ran> {
    const { cwd, env } = machineOf(place, start);
    return await keyturn(args, { cwd, env: env as Record<string, string>, ...more });
  }

  test('--replaces gives up the keyring that it names, and no other', async ({ place }) => {
    // Revoked before: it must stay so.
    const dead = kidOf(OLDEST);
    await operate(place, async (rotation) => {
      await rotation.stage({ secret: OLDEST });
      await rotation.revoke(dead, { why: 'leaked' });
    });
    const [one, two] = [await startReplica(place), await startReplica(place)];
    const token = one.sign();
    const before = await place.table.read();
    const plain = await command(place, ['init']);
    expect(plain).toMatchObject({ code: 1, stdout: '' });
    expect(plain.stderr).toContain('already, and init overwrites nothing');
    const wrong = await command(place, ['init', '--replaces', 'another-ring']);
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toContain('is ring-of-tests, and --replaces names another one');
    expect(await place.table.read()).toEqual(before);
    for (const { keyturn, accepts } of [one, two])
      expect([keyturn.health.ready, accepts(token)]).toEqual([true, true]);

    const made = await command(place, ['init', '--replaces', 'ring-of-tests', '--json']);
    expect(made.code).toBe(0);
    const { created, keys } = JSON.parse(made.stdout);
    expect(created).toBe(true);
    expect(keys).toContainEqual({ kid: kidOf(OLDER), state: 'active' });
    expect(keys).toContainEqual({ kid: dead, state: 'revoked' });
    const ring = await storeOf(place).read();
    expect([ring.id === 'ring-of-tests', ring.replaces]).toEqual([false, ['ring-of-tests']]);
    // Whoever holds the former signs nothing any more, says why, and never puts it back.
    await until(() => [one, two].every(({ keyturn }) => !keyturn.health.ready));
    for (const { sign, keyturn } of [one, two]) {
      expect(sign).toThrow(expect.objectContaining({ code: 'keyring_unavailable' }));
      expect(keyturn.health).toMatchObject({ signs: undefined, degraded: expect.stringMatching(/\w/) });
    }
    const kept = await place.table.read();
    await severalLooks(one, two);
    expect(await place.table.read()).toEqual(kept);
    // Not where nothing tells any more that it was given up, either.
    await place.wipe();
    await severalLooks(one, two);
    expect(await place.table.read()).toBeUndefined();
    await storeOf(place).create(ring);
    // Restarted it takes the new one, and everybody is signed out.
    const restarted = await startReplica(place);
    expect(restarted.keyturn.health).toMatchObject({ ready: true, signs: kidOf(OLDER) });
    expect(restarted.accepts(token)).toBe(false);
    expect(restarted.accepts(restarted.sign())).toBe(true);
  });

  test('an engine that has lost its data: it waits for the process that holds the keyring', async ({
    place,
  }) => {
    let away = false;
    const { clients, end } = await failingClients(place, () => away);
    const holder = await startReplica(place, { clients });
    const token = holder.sign();
    away = true;
    await place.wipe();
    // It waits for longer than this takes on any machine.
    const start = { times: { ...TIMES, maxLag: 60 } };
    const told = (text: string) => {
      if (!text.includes('no keyring is there: waiting 15 s for a process that holds one')) return;
      away = false;
      void holder.keyturn.reload();
    };
    const ran = await command(place, ['init'], start, { told });
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toContain('already, and init overwrites nothing');
    expect(away).toBe(false);
    expect((await storeOf(place).read()).id).toBe('ring-of-tests');
    expect(await command(place, ['init', '--if-missing'], start)).toMatchObject({ code: 0, stdout: '' });
    expect(holder.accepts(token)).toBe(true);
    await holder.keyturn.close();
    await end();
  });
});
