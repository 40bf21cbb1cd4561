// What fails while a session is saved leaves nothing half done: no session that nobody has the cookie of, and no error in
// the place of an answer to what was saved.
import { expect, test } from 'vitest';
import type { HttpOptions } from '../../src/http/core.js';
import { openHttpCore } from '../../src/http/open-http-core.js';
import { Visit } from '../../src/http/visit.js';
import type { Keyturn } from '../../src/index.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { wrapStore } from '../../src/sessions/stores/wrap.js';
import { liveRing, testClock, testKeyturn } from '../support/keyturn.js';
import { cookiesOf, requestOf } from '../support/visits.js';

const DAY = 86_400;

/** Requests to an app; the first signs in. */
async function make(keyturn: Keyturn, options: HttpOptions) {
  const core = await openHttpCore(keyturn, options);
  const open = async (cookie?: string) => {
    const visit = new Visit(core, requestOf({ cookie }));
    await visit.before();
    return visit;
  };
  const first = await open();
  Object.assign(first.session, { user: 'ada', cart: ['book'] });
  const [cookie] = await cookiesOf(first);
  return async () => await open(cookie?.split(';')[0]);
}

test('a new id whose data the app cannot read, once what a sign-out took is gone, leaves no session', async () => {
  const store = memoryStore({ clock: testClock().read });
  const user = ({ cart }: Record<string, unknown>) => (cart as string[])[0];
  const open = await make(await testKeyturn(), { store, user: user as never });
  const [slower, other] = [await open(), await open()];
  slower.session.regenerate({ keep: ['cart'] });
  slower.session.step = 2;
  other.session.destroy();
  await cookiesOf(other);
  await expect(cookiesOf(slower)).rejects.toThrow(TypeError);
  expect(store.size.sessions).toBe(0);
});

test('a process that must not sign any more when a session has been saved answers without a cookie', async () => {
  const clock = testClock();
  const keyturn = await testKeyturn({ clock });
  const inner = memoryStore({ clock: clock.read });
  let lapses = false;
  const store = wrapStore(inner, {
    put: async (id, record, expected) => {
      const outcome = inner.put(id, record, expected);
      if (lapses) liveRing(keyturn).holdUntil({ now: 0, monotonic: 0 });
      return outcome;
    },
  });
  const open = await make(keyturn, { store });
  clock.advance(2 * DAY);
  lapses = true;
  const visit = await open();
  visit.session.step = 2;
  expect(await cookiesOf(visit)).toEqual([]);
  expect((await open()).session.step).toBe(2);
});
