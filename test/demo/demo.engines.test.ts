// keyturn demo with the keyring in Redis: the same, and no key is left there.
import { createClient } from 'redis';
import { expect, inject, test } from 'vitest';
import { until } from '../support/waiting.js';
import { RunningDemo } from './running.js';

const url = inject('redisUrl');
const env = { KEYTURN_SECURITY__KEYRING__REDIS__URL: url };

/** The names of the keyrings of demos that are in Redis just now: another one may run beside this one. */
async function demosInRedis(): Promise<ReadonlySet<string>> {
  const client = await createClient({ url }).connect();
  const names = new Set<string>();
  for await (const keys of client.scanIterator({ MATCH: 'keyturn:{ring:demo-*' }))
    for (const key of keys) names.add(/\{ring:(demo-\w+)\}/.exec(key)?.[1] as string);
  await client.close();
  return names;
}

test('where a Redis is found the keyring is there: nobody is signed out by Keyturn, and nothing is left', async () => {
  const before = await demosInRedis();
  const whole = new RunningDemo(['--json'], env);
  const killed = new RunningDemo([], env);
  const isNew = async () => [...(await demosInRedis())].filter((name) => !before.has(name));
  await killed.kill('SIGKILL', 'one replica does not hear of it');
  expect(await killed.ended()).toBeNull();
  expect((await isNew()).length).toBeGreaterThan(0);
  expect(await whole.ended(), whole.stderr).toBe(0);
  expect(JSON.parse(whole.stdout)).toMatchObject({
    store: 'redis',
    withKeyturn: { signedOut: 0 },
    passed: true,
  });
  expect(whole.isGone).toBe(true);
  await until(() => killed.isGone);
  expect(await isNew()).toEqual([]);
});
