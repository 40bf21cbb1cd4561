// A token of a key that this replica does not know yet: one look for a newer ring before the app runs.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { afterEach, expect, test, vi } from 'vitest';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import { createKeyturn, type Keyturn } from '../../src/index.js';
import { memoryLogger, OTHER_SECRET, SECRET } from '../support/keyturn.js';
import { documentOf } from '../support/ring-file.js';

const open: Keyturn[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const keyturn of open.splice(0)) await keyturn.close();
});

async function replica(path: string, now?: () => number) {
  const env = { KEYTURN_SECURITY__SIGNING_SECRET_FILE: path };
  const logger = memoryLogger();
  const keyturn = await createKeyturn({
    profile: 'dev',
    env,
    logger,
    ...(now ? { clock: now } : {}),
  });
  open.push(keyturn);
  const app = Fastify();
  app.register(keyturnFastify, { keyturn });
  app.get('/sign-in', (request) => {
    request.session.user = 'ada';
    return 'ok';
  });
  app.get('/me', (request) => ({ user: request.session.user ?? null }));
  await app.ready();
  return { app, logger };
}

test('the session of another replica that was faster is accepted, and its ring is taken once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-newer-'));
  const [old, fresh] = [join(folder, 'old.json'), join(folder, 'new.json')];
  const former = documentOf(1, [[SECRET, 'active']]);
  const keys = [
    [OTHER_SECRET, 'active'],
    [SECRET, 'retiring'],
  ] as const;
  const newer = documentOf(3, keys, { after: former });
  writeFileSync(old, former, { mode: 0o600 });
  writeFileSync(fresh, newer, { mode: 0o600 });
  const faster = await replica(fresh);
  // Its timer never fires within this test: only the request makes it look.
  vi.spyOn(globalThis, 'setInterval').mockImplementation(() => ({ unref() {} }) as never);
  let ahead = 0;
  const slower = await replica(old, () => Date.now() + ahead);
  const signedIn = await faster.app.inject('/sign-in');
  const cookie = String(signedIn.headers['set-cookie']).split(';')[0] as string;
  const me = () => slower.app.inject({ url: '/me', headers: { cookie } });
  expect((await me()).json()).toEqual({ user: null });
  writeFileSync(old, newer, { mode: 0o600 });
  // One look for all that ask within a second.
  ahead = 1000;
  const answers = await Promise.all([me(), me(), me()]);
  expect(answers.map((answer) => answer.json())).toEqual([{ user: 'ada' }, { user: 'ada' }, { user: 'ada' }]);
  expect(slower.logger.records.filter(({ facts }) => facts.event === 'keyring.changed')).toHaveLength(1);
});
