// What an adapter refuses whose call returns at once: it throws there, before the app can bind a port.
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { startInPlace } from '../../src/start/in-place.js';
import { SECRET } from '../support/keyturn.js';

const start = (env: Record<string, string>, more = {}) =>
  startInPlace({
    cwd: tmpdir(),
    env: {
      KEYTURN_ENV: 'prod',
      KEYTURN_SECURITY__SIGNING_SECRET: SECRET,
      KEYTURN_LOG__LEVEL: 'silent',
      ...env,
    },
    ...more,
  });

describe('a start in place throws at once', () => {
  test.each<Record<string, string>>([
    { KEYTURN_SESSION__BACKEND: 'redis' },
    { KEYTURN_SESSION__BACKEND: 'redis', KEYTURN_SESSION__REDIS__URL: 'nonsense' },
    { KEYTURN_SESSION__BACKEND: 'postgres' },
    { KEYTURN_SESSION__BACKEND: 'postgres', KEYTURN_SESSION__POSTGRES__URL: 'redis://localhost' },
    { KEYTURN_SECURITY__KEYRING__STORE: 'redis' },
    { KEYTURN_SECURITY__KEYRING__STORE: 'postgres', KEYTURN_SECURITY__KEYRING__POSTGRES__URL: 'nonsense' },
    { KEYTURN_CSRF__ORIGINS: 'https://*.vercel.app' },
    { KEYTURN_CSRF__ORIGINS: 'https://*.example.com', KEYTURN_CSRF__MODE: 'headers' },
  ])('for %j', (env) => {
    expect(() => start(env)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  });

  test('and not for an engine that the app has opened itself, or an origin of its own', async () => {
    const redis = { call: async () => null };
    const opening = start({ KEYTURN_SESSION__BACKEND: 'redis' }, { clients: { redis } });
    // What it says of such a client it says later.
    await opening.then(
      (keyturn) => keyturn.close(),
      () => {},
    );
    await (await start({ KEYTURN_CSRF__ORIGINS: 'https://*.example.com' })).close();
  });
});
