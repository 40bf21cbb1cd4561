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

/** Requests per second, and microseconds of processor time per request: the second is steady on a busy machine. */
async function slice({ url, cookie, child }, duration) {
  const before = await cpuOf(child);
  const result = await autocannon({ url, connections: 64, pipelining: 1, duration, headers: { cookie } });
  if (result.non2xx > 0 || result.errors > 0) throw new Error('a server refused requests');
  return { rate: result.requests.average, cpu: ((await cpuOf(child)) - before) / result.requests.total };
}

async function cpuOf(child) {
  child.send('cpu');
  const { cpu } = await new Promise((done) => child.once('message', done));
  return cpu;
}

export async function server() {
  const servers = Object.fromEntries(
    await Promise.all(['bare', ...VARIANTS].map(async (name) => [name, await start(name)])),
  );
  try {
    for (const name of ['bare', ...VARIANTS]) await slice(servers[name], 1);
    const rows = VARIANTS.map((name) => ({ name, rates: [], cpus: [], added: [] }));
    let before = await slice(servers.bare, SECONDS);
    for (let round = 0; round < ROUNDS; round++) {
      for (const row of rows) {
        const { rate, cpu } = await slice(servers[row.name], SECONDS);
        const after = await slice(servers.bare, SECONDS);
        row.rates.push(rate / ((before.rate + after.rate) / 2));
        row.cpus.push((before.cpu + after.cpu) / 2 / cpu);
        row.added.push(cpu - (before.cpu + after.cpu) / 2);
        before = after;
      }
    }
    table(
      `Fastify hello with a signed-in user (${ROUNDS} rounds of ${SECONDS} s, ${cpus().length} cores)`,
      rows,
      [
        ['', (row) => row.name],
        ['throughput × bare', (row) => median(row.rates).toFixed(3)],
        ['range', (row) => `${Math.min(...row.rates).toFixed(2)}–${Math.max(...row.rates).toFixed(2)}`],
        ['work per request, bare/this', (row) => median(row.cpus).toFixed(3)],
        ['µs added', (row) => median(row.added).toFixed(1)],
      ],
    );
  } finally {
    for (const { child } of Object.values(servers)) child.send('stop');
  }
}
