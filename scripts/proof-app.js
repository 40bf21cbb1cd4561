// What a replica of a proof runs: Locker as it is, saying why it refused something, and beside its routes one that
// writes to the session so that the proof can ask later whether what was acknowledged is there. examples/locker/main.ts
// is the model.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyturn } from 'keyturn';
import { createBlobStore } from 'keyturn/blobs';
import { logger, tellReasons } from './proof-reasons.js';
import { root } from './proof-tools.js';

const locker = (file) => import(join(root, 'examples/locker/dist', file));
const { Accounts } = await locker('accounts.js');
const { buildLocker } = await locker('app.js');
const { Files } = await locker('files.js');
const { readSettings } = await locker('settings.js');

const keyturn = await createKeyturn({ logger });
const { host, port, dataDir, ...settings } = readSettings(process.env, true);
mkdirSync(dataDir, { recursive: true, mode: 0o700 });
const folder = join(dataDir, 'files');
const app = buildLocker(keyturn, {
  ...settings,
  accounts: await Accounts.open(join(dataDir, 'accounts.json'), settings.password),
  files: new Files(await createBlobStore(keyturn, { folder, maxSize: settings.maxFileSize })),
});

app.register(async (routes) => {
  /** Each visit has a number: every second one is kept by update(), which is repeated on newer data… */
  routes.post('/proof/visit', async ({ session, body: { visit } }, reply) => {
    const { user } = session;
    if (user === undefined) return reply.code(401).send({ error: 'Nobody is signed in.' });
    if (visit % 2 === 0) {
      await session.update((data) => {
        data.visits = [...(data.visits ?? []), visit];
      });
    } else {
      // … and the others by a plain edit, which is merged with those of other requests.
      session[`visit${visit}`] = true;
    }
    return { user };
  });

  routes.get('/proof/visits', async ({ session }) => {
    const plain = Object.keys(session).flatMap((name) => /^visit(\d+)$/.exec(name)?.[1] ?? []);
    return { user: session.user ?? null, visits: [...(session.visits ?? []), ...plain.map(Number)] };
  });
});

tellReasons(app.server);
await app.listen({ host, port });
process.once('SIGTERM', async () => {
  // As Locker does: what is still going on may take so long.
  setTimeout(() => process.exit(), 500).unref();
  await app.close();
  await keyturn.close();
});
console.log(`listening on port ${app.server.address().port}`);
