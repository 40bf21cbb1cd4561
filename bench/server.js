// "Hello, signed-in user" on Fastify: bare, with what people use, and with Keyturn. Slices of a few seconds
// alternate; what counts is each slice's throughput over the mean of the bare slices around it.
import { fork } from 'node:child_process';
import { cpus } from 'node:os';
import autocannon from 'autocannon';
import { median, table } from './harness.js';

const SECONDS = Number(process.env.BENCH_SECONDS ?? 3);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 4);
const VARIANTS = ['secure-session', 'signed-cookie', 'keyturn-cookie', 'keyturn-memory'];

async function start(variant) {
  const child = fork(new URL('./server-app.js', import.meta.url), [variant], {
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const { port } = await new Promise((done, failed) => {
    child.once('message', done);
    child.once('exit', (code) => failed(new Error(`${variant} ended with ${code}`)));
  });
  const url = `http://127.0.0.1:${port}`;
  const login = await fetch(`${url}/login`);
  const cookie = login.headers
    .getSetCookie()
    .map((header) => header.split(';')[0])
    .join('; ');
  const hello = await fetch(url, { headers: { cookie } });
  if ((await hello.text()) !== 'Hello Ada Lovelace') throw new Error(`${variant} does not know its user`);
  if (hello.headers.getSetCookie().length > 0)
    throw new Error(`${variant} sends a cookie when nothing changed`);
  // The bare server gets a cookie header of the same length, so that only the work differs.
  return { url, child, cookie: cookie === '' ? `plain=${'x'.repeat(250)}` : cookie };
}

async function slice({ url, cookie }, duration) {
  const result = await autocannon({ url, connections: 64, pipelining: 1, duration, headers: { cookie } });
  if (result.non2xx > 0 || result.errors > 0) throw new Error('a server refused requests');
  return result.requests.average;
}

export async function server() {
  const servers = Object.fromEntries(
    await Promise.all(['bare', ...VARIANTS].map(async (name) => [name, await start(name)])),
  );
  try {
    for (const name of ['bare', ...VARIANTS]) await slice(servers[name], 1);
    const ratios = Object.fromEntries(VARIANTS.map((name) => [name, []]));
    let before = await slice(servers.bare, SECONDS);
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of VARIANTS) {
        const rate = await slice(servers[name], SECONDS);
        const after = await slice(servers.bare, SECONDS);
        ratios[name].push(rate / ((before + after) / 2));
        before = after;
      }
    }
    table(
      `Fastify hello with a signed-in user, throughput over bare (${ROUNDS} rounds of ${SECONDS} s, ${cpus().length} cores)`,
      VARIANTS.map((name) => ({ name, ratios: ratios[name] })),
      [
        ['', (row) => row.name],
        ['× bare', (row) => median(row.ratios).toFixed(3)],
        ['range', (row) => `${Math.min(...row.ratios).toFixed(3)}–${Math.max(...row.ratios).toFixed(3)}`],
      ],
    );
  } finally {
    for (const { child } of Object.values(servers)) child.send('stop');
  }
}
