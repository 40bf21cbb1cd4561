// One of the processes of scripts/proof-turn.js: for each round it is told of a ring and a moment, looks at that moment
// as an app does, and says what came of it.
import { join } from 'node:path';
import { root } from './proof-tools.js';
import { EVERY, openStore, ROOTS, TIMES } from './proof-turn-store.js';

const { AutomaticRotation } = await import(join(root, 'dist/runtime/automatic.js'));

const stores = new Map();

process.on('message', async ({ engine, place, name, at }) => {
  if (!stores.has(engine)) stores.set(engine, await openStore(engine, place));
  let writes = 0;
  const counting = (table) =>
    new Proxy(table, {
      get: (of, method) => {
        const value = Reflect.get(of, method);
        if (typeof value !== 'function') return value;
        return (...args) => {
          if (method === 'write') writes++;
          return value.apply(of, args);
        };
      },
    });
  const store = stores.get(engine).of(name, counting);
  const ring = await store.read();
  const log = [];
  const note = (facts) => log.push(facts);
  const automatic = new AutomaticRotation({
    store,
    policy: { every: EVERY, lease: TIMES.lease },
    ring: () => ring,
    facts: () => ({ times: TIMES, lifetimes: { session: 3600 }, now: Date.now() }),
    self: () => ({ profile: 'prod', roots: engine === 'file' ? undefined : ROOTS }),
    logger: { debug: note, info: note, warn: note, error: note },
  });
  const late = Date.now() >= at;
  await until(at);
  const began = Date.now();
  await automatic.look();
  // What is due no more must not be done again.
  await automatic.look();
  process.send({
    turned: log.filter(({ event }) => event === 'keyring.turned').length,
    failed: log
      .filter(({ event }) => event === 'keyring.turn_failed')
      .map(({ code, hint }) => `${code}: ${hint}`),
    // Found it due. In a file one after another holds the lock, and only the first finds it so: there, looked in time.
    raced: engine === 'file' ? !late && began - at < 50 : writes > 0,
  });
});

process.send('ready');

/** Timers count whole milliseconds; the last of them are waited for awake. */
async function until(at) {
  await new Promise((done) => setTimeout(done, Math.max(0, at - Date.now() - 3)));
  while (Date.now() < at);
}
