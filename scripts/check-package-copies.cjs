// Part of `npm run package`, run beside the installed package: two copies of it in one process, the one that `import`
// gives and the one for `require` that test runners and bundlers take.
const assert = require('node:assert/strict');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const Fastify = require('fastify');

const SECRET = 'b2390de7fca268344dae0d1f48dc3ae94e590bb1aa9a56277a0c9ee6b24d362d';
/** On the list of published secrets, and refused for nothing else. */
const PUBLISHED = 'UpNVntn3cDxHJpq99YMc1T1AQgQpc8kfYTuRgBiYa15BLrx8etQoXz3gZv1/u2oq';

const SUBPATHS = ['', '/blobs', '/fastify', '/jwt', '/rotation', '/stores/memory'];
const FILES = [
  'index',
  'blobs/index',
  'adapters/fastify/index',
  'jwt/index',
  'rotation/index',
  'sessions/stores/memory',
];

async function main() {
  const esm = Object.assign({}, ...(await Promise.all(SUBPATHS.map((name) => import(`keyturn${name}`)))));
  // By their files: for Node itself `require` gives the copy of `import`.
  const dist = join(__dirname, 'node_modules/keyturn/dist');
  const cjs = Object.assign({}, ...FILES.map((name) => require(join(dist, `${name}.cjs`))));
  assert.deepEqual(Object.keys(cjs).sort(), Object.keys(esm).sort());
  assert.notEqual(esm.createKeyturn, cjs.createKeyturn);

  const cwd = mkdtempSync(join(tmpdir(), 'keyturn-copies-'));
  try {
    for (const [mine, other] of [
      [esm, cjs],
      [cjs, esm],
    ])
      await hand(mine, other, cwd);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

/** What one copy makes, the other takes. */
async function hand(mine, other, cwd) {
  const env = (secret) => ({ KEYTURN_ENV: 'prod', KEYTURN_SECURITY__SIGNING_SECRET: secret });
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const refused = await mine.createKeyturn({ cwd, logger, env: env(PUBLISHED) }).catch((error) => error);
  assert.equal(refused.code, 'secret_weak', 'the list of published secrets is found');
  assert(refused instanceof other.KeyturnError, 'an error of one copy is one of the other');

  const keyturn = await mine.createKeyturn({ cwd, logger, env: env(SECRET) });
  const blobs = await other.createBlobStore(keyturn, { folder: join(cwd, 'blobs') });
  await blobs.put('a.txt', Buffer.from('text'), { overwrite: true }).catch(() => {});
  const answer = await blobs.handle({ method: 'HEAD', url: blobs.signedUrl('a.txt'), headers: {} });
  assert.equal(answer.status, 200);

  const api = { issuer: 'https://a.example', audience: 'api' };
  const token = other.createJwt(keyturn, api).sign({ sub: 'ada' });
  assert.equal(mine.createJwt(keyturn, api).verify(token).ok, true);

  const app = Fastify();
  await app.register(other.default, { keyturn });
  app.get('/', (request) => {
    request.session.user = 'ada';
    return {};
  });
  app.get('/me', (request) => ({ user: request.session.user }));
  const { headers } = await app.inject('/');
  const cookie = String(headers['set-cookie']).split(';')[0];
  assert.deepEqual((await app.inject({ url: '/me', headers: { cookie } })).json(), { user: 'ada' });
  await app.close();
  await keyturn.close();

  const [ours, theirs] = await Promise.all(
    [mine, other].map((copy) => copy.openRotation({ cwd, env: env(SECRET) })),
  );
  assert.deepEqual(await ours.keyring(), await theirs.keyring());
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
