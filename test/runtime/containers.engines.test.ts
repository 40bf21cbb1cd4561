// Processes in containers: who has taken the place of whom, and who is only not heard of.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { Replica } from '../cli/replica.js';
import { DEV, RING, ringFolder, run } from '../cli/ring.js';
import { inContainer } from '../support/container.js';
import { COMING, kidOf, STRONG } from '../support/machine.js';
import { SharedProcess } from '../support/shared-process.js';
import {
  type EngineName,
  firstRing,
  inPlace,
  operate,
  type ReplicaStart,
  reportsOf,
  startReplica,
  storeOf,
} from '../support/shared-ring.js';
import { until } from '../support/waiting.js';

const ENGINES: readonly EngineName[] = ['redis', 'postgres'];
/** No lease ends within a test, and a key may be promoted soon. */
const TIMES = { maxLag: 1, lease: 600, skew: 1 };
const KID = kidOf(STRONG);

vi.setConfig({ maxConcurrency: 4 });

describe.concurrent.each(ENGINES)('%s:', (engine) => {
  const test = inPlace(engine, firstRing(STRONG));

  test('a unit that was killed holds steps up until it is back on the same machine, and what it signed is kept', async ({
    place,
  }) => {
    const start: ReplicaStart = { times: TIMES };
    const inUnit = (unit: string) => SharedProcess.start(place, { ...start, env: inContainer(unit) });
    const promote = async () =>
      await operate(place, (rotation) => rotation.promote(), start).then(
        () => 'done',
        ({ code }) => code,
      );
    const killed = await inUnit('pod-a');
    await until(async () => (await reportsOf(place)).length === 1);
    const signedAt = Date.now();
    const { token } = await killed.ask('sign');
    await killed.kill();
    await operate(place, (rotation) => rotation.stage({ secret: COMING }), start);
    await until(async () => (await promote()) !== 'too_early');
    expect(await promote()).toBe('replica_behind');
    // Another one says nothing of the first.
    const other = await inUnit('pod-b');
    await until(async () => (await reportsOf(place)).length === 2);
    expect(await promote()).toBe('replica_behind');
    const back = await inUnit('pod-a');
    await until(async () => (await promote()) === 'done');
    expect((await reportsOf(place)).map(({ unit }) => unit).sort()).toEqual(['pod-a', 'pod-b']);
    const store = storeOf(place);
    const ended = await store.fleet.ended(await store.read());
    expect(ended[KID]).toBeGreaterThanOrEqual(signedAt);
    for (const process of [other, back]) {
      await until(async () => (await process.ask('health')).health.signs === kidOf(COMING));
      expect(await process.ask(token)).toMatchObject({ verified: { ok: true } });
      await process.stop();
    }
  });

  test('one that is paused in a container of the same host name holds promote up', async ({ place }) => {
    const start: ReplicaStart = { times: TIMES };
    const paused = await SharedProcess.start(place, { ...start, env: inContainer() });
    const running = await SharedProcess.start(place, { ...start, env: inContainer() });
    const here = await startReplica(place, start);
    await until(async () => (await reportsOf(place)).length === 3);
    paused.signal('SIGSTOP');
    await operate(place, (rotation) => rotation.stage({ secret: COMING }), start);
    const promote = () => operate(place, (rotation) => rotation.promote(), start).catch((error) => error);
    await until(async () => (await promote()).code !== 'too_early');
    expect(await promote()).toMatchObject({ code: 'replica_behind' });
    expect(await reportsOf(place)).toHaveLength(3);
    paused.signal('SIGCONT');
    await until(async () => (await promote()).code === undefined);
    await until(() => here.keyturn.health.signs === kidOf(COMING));
    await Promise.all([paused.kill(), running.kill()]);
  });
});

test.concurrent('beside a document: one that is paused in a container of the same host name holds promote up', async () => {
  const cwd = await ringFolder({ secret: STRONG, state: 'active' });
  const paused = await Replica.start(cwd, { ...DEV, ...inContainer() });
  const running = await Replica.start(cwd, { ...DEV, ...inContainer() });
  paused.child.kill('SIGSTOP');
  expect((await run(cwd, 'stage')).code).toBe(0);
  await until(async () => !/not every replica is known/.test((await run(cwd, 'promote')).stderr));
  const ran = await run(cwd, 'promote');
  expect(ran).toMatchObject({ code: 3, stdout: '' });
  expect(ran.stderr).toMatch(/error: \S+ cannot verify with the key /);
  // Beside them may be what one of them is about to write.
  const reports = readdirSync(join(cwd, `${RING}.fleet`)).filter((name) =>
    /^(?!ended\b).*\.json$/.test(name),
  );
  expect(reports).toHaveLength(2);
  paused.child.kill('SIGCONT');
  await until(async () => (await run(cwd, 'promote')).code === 0);
  await Promise.all([paused.stop(), running.stop()]);
});
