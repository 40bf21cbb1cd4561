// keyturn demo as a process, with a document: what it shows, and that nothing of it is left however it ends.
import { expect, test } from 'vitest';
import { until } from '../support/waiting.js';
import { RunningDemo } from './running.js';

/** A step in the middle, in which a replica stands still. */
const LATE = 'one replica does not hear of it';

test.concurrent('by hand visitors are signed out, and by Keyturn none, and each step is what it is said to be', async () => {
  const demo = new RunningDemo(['--store', 'document', '--json']);
  expect(await demo.ended(), demo.stderr).toBe(0);
  const result = JSON.parse(demo.stdout);
  const { byHand, withKeyturn, taken } = result;
  expect(result).toMatchObject({ store: 'document', visitors: 60, passed: true });
  expect(withKeyturn).toMatchObject({ signedOut: 0, times: 0 });
  expect(withKeyturn.pages).toBeGreaterThan(60);
  expect(byHand.signedOut).toBeGreaterThan(0);
  expect(byHand.times).toBeGreaterThanOrEqual(byHand.signedOut);
  expect(taken).toEqual([
    { step: 'init', refused: null, because: null },
    { step: 'stage', refused: null, because: null },
    { step: 'promote', refused: 'replica_behind', because: 'replica-c' },
    { step: 'promote', refused: null, because: null },
    { step: 'rollback', refused: null, because: null },
    { step: 'promote', refused: null, because: null },
    { step: 'retire', refused: 'too_early', because: null },
    { step: 'retire', refused: null, because: null },
  ]);
  // Who pipes the numbers away still sees what goes on.
  for (const command of ['init', 'stage', 'promote', 'rotate --wait', 'rollback', 'retire'])
    expect(demo.stderr).toContain(`$ keyturn ${command}`);
  expect(demo.stderr).toMatch(/http:\/\/127\.0\.0\.1:\d+\/open\//);
  expect(demo.isGone).toBe(true);
});

test.concurrent.each([
  ['SIGINT', LATE],
  ['SIGTERM', 'Visitors sign in'],
  ['SIGHUP', 'replica-b'],
] as const)('%s ends it, and nothing is left', async (signal, step) => {
  const demo = new RunningDemo(['--store', 'document']);
  await demo.kill(signal, step);
  expect(await demo.ended(), demo.stderr).toBe(1);
  expect(demo.stderr).toContain('the demo was ended before it was through');
  expect(demo.isGone).toBe(true);
});

test.concurrent('where it is killed its replicas end, and take away what is left', async () => {
  const demo = new RunningDemo(['--store', 'document']);
  await demo.kill('SIGKILL', LATE);
  expect(await demo.ended()).toBeNull();
  await until(() => demo.isGone);
});

test.concurrent('a Redis that is asked for and cannot be used is told of before anything is started', async () => {
  const demo = new RunningDemo(['--store', 'redis'], {
    KEYTURN_SECURITY__KEYRING__REDIS__URL: 'redis://someone:swordfish@127.0.0.1:1',
  });
  expect(await demo.ended()).toBe(1);
  expect(demo.stderr).toContain('Redis cannot be used');
  expect(demo.stderr + demo.stdout).not.toContain('swordfish');
  expect(demo.isGone).toBe(true);
});
