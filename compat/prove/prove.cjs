// What every kind of build and runner has to reach: a secret is judged, tokens and sessions are signed and verified, and
// packages that are not installed are missing only to those who ask for them. Throws where something does not hold.
const assert = require('node:assert/strict');
const { mkdtempSync, rmSync } = require('node:fs');
const { request } = require('node:http');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const SECRET = 'b2390de7fca268344dae0d1f48dc3ae94e590bb1aa9a56277a0c9ee6b24d362d';
/** On the list of published secrets, and refused for nothing else. */
const PUBLISHED = 'UpNVntn3cDxHJpq99YMc1T1AQgQpc8kfYTuRgBiYa15BLrx8etQoXz3gZv1/u2oq';

/**
 * @param parts what the app has of Keyturn, by the names of its exports
 * @param peers whether the packages are installed that need not be
 */
module.exports = async function prove(parts, peers = false) {
  const { createKeyturn, KeyturnError } = parts;
  const cwd = mkdtempSync(join(tmpdir(), 'keyturn-prove-'));
  const doubts = [];
  const note = (facts, message) => doubts.push(`${message} ${JSON.stringify(facts)}`);
  const logger = { debug() {}, info() {}, warn: note, error: note };
  const start = (env = {}) =>
    createKeyturn({
      cwd,
      logger,
      env: { KEYTURN_ENV: 'prod', KEYTURN_SECURITY__SIGNING_SECRET: SECRET, ...env },
    });
  const refusal = async (env) => {
    const error = await start(env).then(
      () => assert.fail('it started'),
      (refused) => refused,
    );
    assert.ok(error instanceof KeyturnError, String(error));
    return error.code;
  };
  try {
    const keyturn = await start();
    const reset = keyturn.signer('password-reset', { maxAge: '1h' });
    assert.deepEqual(reset.verify(reset.sign({ user: 1 })).payload, { user: 1 });
    assert.equal(reset.verify(`${reset.sign(1)}x`).ok, false);
    if (parts.Fastify !== undefined) await proveSession(parts, keyturn);
    if (parts.createBlobStore !== undefined) await proveBlobs(parts, keyturn, cwd);
    if (parts.memoryStore !== undefined) await parts.memoryStore().listUser('ada');
    if (parts.web !== undefined) await proveInPlace(parts, cwd, logger, doubts);
    await keyturn.close();
    // Of what is missing nobody was told who did not ask for it; the list of published secrets is there.
    assert.deepEqual(doubts, []);
    assert.equal(await refusal({ KEYTURN_SECURITY__SIGNING_SECRET: PUBLISHED }), 'secret_weak');
    const sealed = { KEYTURN_PURPOSES__DRAFT__MAX_AGE: '1h', KEYTURN_PURPOSES__DRAFT__SEALED: 'true' };
    if (peers) {
      const sealing = await start(sealed);
      const sealer = sealing.sealer('draft');
      assert.equal(sealer.open(sealer.seal('x')).payload, 'x');
      await sealing.close();
    } else {
      assert.equal(await refusal(sealed), 'sealer_unavailable');
      for (const backend of ['redis', 'postgres']) {
        const url = `KEYTURN_SESSION__${backend.toUpperCase()}__URL`;
        const env = { KEYTURN_SESSION__BACKEND: backend, [url]: `${backend}://127.0.0.1:1` };
        assert.equal(await refusal(env), 'engine_missing');
      }
    }
    return 'proved';
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
};

/** An adapter whose call returns at once, and throws at once. */
async function proveInPlace({ web, KeyturnError }, cwd, logger, doubts) {
  const env = { KEYTURN_ENV: 'prod' };
  assert.throws(
    () => web({ cwd, logger, env }),
    (error) => error instanceof KeyturnError && error.code === 'secret_missing',
  );
  const sessions = web({ cwd, logger, env: { ...env, KEYTURN_SECURITY__SIGNING_SECRET: SECRET } });
  const links = (await sessions.ready()).links();
  assert.equal(links.verify({ method: 'GET', url: links.sign('/report') }).ok, true);
  // What a refusal says is loaded with the first one.
  const forged = new Request('https://app.example/', {
    method: 'POST',
    headers: { 'sec-fetch-site': 'cross-site' },
  });
  assert.equal((await sessions.handle(forged, () => new Response())).status, 403);
  assert.match(doubts.pop(), /csrf\.refused/);
  await sessions.close();
}

async function proveSession({ Fastify, plugin }, keyturn) {
  const app = Fastify();
  await app.register(plugin, { keyturn });
  app.post('/', { config: { csrf: false } }, (request) => {
    request.session.user = 'ada';
    return {};
  });
  app.get('/', (request) => ({ user: request.session.user }));
  // Over a real connection: what app.inject() needs is not for every runner.
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const first = await ask(url, 'POST', {});
  const [set = ''] = first.headers['set-cookie'] ?? [];
  const second = await ask(url, 'GET', { cookie: set.split(';')[0] });
  assert.deepEqual(JSON.parse(second.text), { user: 'ada' });
  await app.close();
}

function ask(url, method, headers) {
  return new Promise((answered, failed) => {
    const asked = request(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () => answered({ headers: response.headers, text }));
    });
    asked.on('error', failed).end();
  });
}

async function proveBlobs({ createBlobStore }, keyturn, cwd) {
  const blobs = await createBlobStore(keyturn, { folder: join(cwd, 'blobs') });
  await blobs.put('a.txt', Buffer.from('text'));
  const url = blobs.signedUrl('a.txt');
  // By HEAD: the file of an answer with a body has to be read to its end.
  assert.equal((await blobs.handle({ method: 'HEAD', url, headers: {} })).status, 200);
}
