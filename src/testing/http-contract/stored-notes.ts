// What users want to know of their sessions, noted by the store beside them, and not with each request.
import assert from 'node:assert/strict';
import type { UserSession } from '../../sessions/stores/contract.js';
import { type Check, check, DAY } from './check.js';
import { visitRoute } from './routes.js';
import { wrappedStore } from './stores.js';

const ROUTES = [
  visitRoute('/in', ({ session }) => {
    session.regenerate();
    Object.assign(session, { user: 'ada', device: 'Firefox' });
  }),
  visitRoute('/in-remembered', ({ session }) => {
    session.regenerate();
    Object.assign(session, { user: 'ada', device: 'Firefox' });
    session.remember();
  }),
  visitRoute('/rename', ({ session }) => {
    session.device = 'x'.repeat(300);
  }),
  visitRoute('/read', ({ session }) => ({ ...session })),
];

export const storedNotes: readonly Check[] = [
  check('when a session was last used is noted as often as it is extended, and its label', async (scene) => {
    const { open, backend, clock, newStore } = scene;
    const writes: string[] = [];
    const store = wrappedStore(newStore(), (name, answer) => {
      if (name === 'touch' || name === 'put') writes.push(name);
      return answer();
    });
    const http = {
      store,
      user: ({ user }: { user?: unknown }) => user as string | undefined,
      label: ({ device }: { device?: unknown }) => device as string | undefined,
    };
    for (const path of ['/in', '/in-remembered']) {
      const session = { backend, remember: '60d', idle: '10d', roll_after: '1d' };
      const browser = await open({ config: { session }, http, routes: ROUTES });
      const began = clock.read();
      const listed = async () => (await store.listUser('ada')) as [UserSession];
      await browser.get(path);
      assert.deepEqual(
        (await listed()).map(({ seenAt, label }) => [seenAt, label]),
        [[began, 'Firefox']],
      );
      writes.length = 0;
      for (let hour = 0; hour < 23; hour++) {
        clock.advance(3600);
        await browser.get('/read');
      }
      assert.deepEqual([path, writes], [path, []]);
      clock.advance(3600);
      for (let again = 0; again < 3; again++) await browser.get('/read');
      assert.deepEqual([path, writes], [path, ['touch']]);
      assert.equal((await listed())[0].seenAt, began + DAY * 1000);
      await browser.get('/rename');
      assert.equal((await listed())[0].label?.length, 256);
      await store.destroy((await listed())[0].id, clock.read() + DAY * 1000);
    }
  }),
];
