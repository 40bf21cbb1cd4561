// Starting a shared keyring from a program, as `keyturn init` and `keyturn import` do.
import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { initKeyring, openRotation } from '../../../src/rotation/index.js';
import { type EnginePlace, postgresPlace, redisPlace } from '../../support/engine-places.js';
import { kidOf, OLDER, SECRET, STRONG, tempDir } from '../../support/machine.js';

const open: EnginePlace[] = [];
afterAll(async () => {
  for (const place of open) await place.close();
});

describe.each([
  ['Redis', redisPlace],
  ['PostgreSQL', postgresPlace],
])('%s', (title, place) => {
  test('of the keys in force or of others, once, in the engine alone; settings may come from the program', async () => {
    const own = await place();
    open.push(own);
    const cwd = tempDir();
    const options = {
      cwd,
      env: { ...own.env, [SECRET]: STRONG },
      profile: 'prod',
      config: { security: { keyring: { store: own.engine, max_lag: '2s' } } },
    };
    const {
      place: where,
      path,
      keys,
      left,
      takeAway,
    } = await initKeyring({
      ...options,
      secrets: [OLDER],
      who: 'a test',
    });
    expect(where).toContain(`${title} (`);
    expect({ path, left, takeAway }).toEqual({ path: undefined, left: [], takeAway: [] });
    expect(keys).toEqual([
      { id: kidOf(OLDER), state: 'active' },
      { id: kidOf(STRONG), state: 'retiring' },
    ]);
    await expect(initKeyring(options)).rejects.toMatchObject({ code: 'keyring_exists' });
    const others = { ...options, env: { ...options.env, [SECRET]: `x${STRONG}` } };
    await expect(initKeyring(others)).rejects.toMatchObject({ code: 'keyring_sealed' });
    const none = { ...options, profile: 'dev', env: own.env };
    await expect(initKeyring(none)).rejects.toMatchObject({ code: 'secret_missing' });
    const rotation = await openRotation(options);
    expect(await rotation.history()).toMatchObject([{ what: 'import', who: 'a test' }]);
    await rotation.close();
    expect(readdirSync(cwd)).toEqual([]);
  });
});

test('a secret that no engine needs: nothing is asked, and the document has a path', async () => {
  const { place, path } = await initKeyring({ cwd: tempDir(), env: {}, profile: 'dev' });
  expect(path).toBe(place);
});
