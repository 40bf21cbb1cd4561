// node scripts/proof-blobs.js [--mib N] [--most N]: sends a file of N MiB up to a blob store and down again, each byte
// compared. The memory of the server may grow by less than `most` MiB.
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { join } from 'node:path';
import { newFolder, Progress, readArguments, root, start, table } from './proof-tools.js';

const MIB = 2 ** 20;
const { mib, most } = readArguments({ mib: 2048, most: 64 });
const progress = new Progress();
const server = start(join(root, 'scripts/proof-blobs-server.js'), [], {
  cwd: newFolder(),
  env: { KEYTURN_ENV: 'dev', BLOBS: newFolder() },
});
const base = await listening();

// Once with a small one, so that what is loaded and compiled on first use is not counted.
await upload('warm', 8);
await download('warm');
const before = (await ask('/memory')).now;
const sent = await upload('large', mib);
const up = await ask('/memory');
const received = await download('large');
const down = await ask('/memory');

const growth = Math.max(up.most, down.most) - before;
const rate = (seconds) => `${Math.round(mib / seconds)} MiB/s`;
progress.say(
  table([
    ['file', `${mib} MiB`],
    ['up', rate(sent.seconds)],
    ['down', rate(received.seconds)],
    ['memory of the server before', `${Math.round(before)} MiB`],
    ['  at most while it went up', `${Math.round(up.most)} MiB`],
    ['  at most while it went down', `${Math.round(down.most)} MiB`],
    ['  grown by', `${Math.round(growth)} MiB`],
  ]),
);
const failures = [
  ...(sent.digest === received.digest && received.bytes === mib * MIB
    ? []
    : ['what came down is not what went up']),
  ...(growth < most ? [] : [`the memory grew by ${Math.round(growth)} MiB, and ${most} are allowed`]),
];
for (const failure of failures) console.error(`✗ ${failure}`);
process.exit(failures.length === 0 ? 0 : 1);

async function listening() {
  while (!server.output.includes('listening at ')) {
    if (server.exitCode !== null) throw new Error(server.output);
    await new Promise((done) => setTimeout(done, 20));
  }
  return /listening at (\S+)/.exec(server.output)[1];
}

async function ask(path) {
  return await (await fetch(base + path)).json();
}

async function upload(name, size) {
  const length = size * MIB;
  const { url } = await ask(`/link?name=${name}&method=PUT&size=${length}`);
  const hash = createHash('sha256');
  const begun = performance.now();
  const out = request(base + url, { method: 'PUT', headers: { 'content-length': length } });
  const answered = new Promise((resolve, reject) => {
    out.on('error', reject).on('response', (response) => resolve(response.resume().statusCode));
  });
  const chunk = Buffer.alloc(MIB);
  for (let at = 0; at < size; at++) {
    // Each MiB another, or one in the wrong place would not be seen.
    const bytes = Buffer.from(chunk);
    for (let word = 0; word < MIB; word += 4096) bytes.writeDoubleLE(at + word / MIB + Math.random(), word);
    hash.update(bytes);
    if (!out.write(bytes)) await new Promise((drained) => out.once('drain', drained));
    progress.show(at / size / 2, `${at} MiB up`);
  }
  out.end();
  const status = await answered;
  if (status !== 201) throw new Error(`the upload was answered with ${status}`);
  return { digest: hash.digest('hex'), seconds: (performance.now() - begun) / 1000 };
}

async function download(name) {
  const { url } = await ask(`/link?name=${name}`);
  const hash = createHash('sha256');
  const begun = performance.now();
  let bytes = 0;
  const response = await new Promise((resolve, reject) => {
    request(base + url)
      .on('error', reject)
      .on('response', resolve)
      .end();
  });
  for await (const chunk of response) {
    bytes += chunk.length;
    hash.update(chunk);
    progress.show(0.5 + bytes / MIB / mib / 2, `${Math.round(bytes / MIB)} MiB down`);
  }
  return { digest: hash.digest('hex'), bytes, seconds: (performance.now() - begun) / 1000 };
}
