// "Hello, signed-in user" on a framework: bare, with what people use, and with Keyturn. Slices of a fixed number of
// requests alternate; what counts is each slice over the mean of the bare slices around it: the processor time of the
// server per request, and the throughput. Once with one visitor, and once with many, whose cookies nobody can remember
// all.
import { fork, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { median, table } from './harness.js';
import { openLoad } from './load.js';

/** Of one slice: all visitors come once. */
const REQUESTS = Number(process.env.BENCH_REQUESTS ?? 10_000);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 9);
/** Slices before anything counts: until then V8 compiles. */
const WARM_UP = 4;
const ONLY = process.env.BENCH_ONLY?.split(',');
const VISITORS = Number(process.env.BENCH_VISITORS ?? 10_000);
const CONNECTIONS = 64;

/** @param framework a file of `apps` */
export async function server(framework) {
  installPeers();
  const { variants } = await import(`./apps/${framework}.js`);
  const names = Object.keys(variants).filter((name) => name === 'bare' || (ONLY?.includes(name) ?? true));
  const servers = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await start(framework, name)])),
  );
  try {
    for (const visitors of VISITORS === 1 ? [1] : [1, VISITORS]) await compare(framework, servers, visitors);
  } finally {
    for (const { child } of Object.values(servers)) child.send('stop');
  }
}

/** What is compared with has versions of its own, which no other command needs. */
function installPeers() {
  const folder = fileURLToPath(new URL('./peers', import.meta.url));
  if (existsSync(`${folder}/node_modules`)) return;
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
  if (status !== 0) throw new Error(`npm ci in ${folder} failed`);
}

async function start(framework, variant) {
  const child = fork(new URL('./server-app.js', import.meta.url), [framework, variant], {
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const { port } = await new Promise((done, failed) => {
    child.once('message', done);
    child.once('exit', (code, signal) => {
      const error = new Error(`${framework} ${variant} ended with ${code ?? signal}`);
      failed(error);
      if (code !== 0) throw error;
    });
  });
  return { name: variant, port, url: `http://127.0.0.1:${port}`, child, cookies: [] };
}

async function compare(framework, servers, visitors) {
  const { bare, ...others } = servers;
  for (const each of Object.values(servers)) await signIn(each, visitors);
  for (let turn = 0; turn < WARM_UP; turn++) for (const each of Object.values(servers)) await slice(each);
  const rows = Object.keys(others).map((name) => ({ name, rates: [], cpus: [], added: [] }));
  let before = await slice(bare);
  for (let round = 0; round < ROUNDS; round++) {
    for (const row of rows) {
      const { rate, cpu } = await slice(others[row.name]);
      const after = await slice(bare);
      const bareCpu = (before.cpu + after.cpu) / 2;
      row.rates.push(rate / ((before.rate + after.rate) / 2));
      row.cpus.push(bareCpu / cpu);
      row.added.push(cpu - bareCpu);
      before = after;
    }
  }
  const who = visitors === 1 ? 'one signed-in user' : `${visitors} signed-in users`;
  table(
    `${framework}: hello with ${who} (${ROUNDS} rounds of ${REQUESTS} requests, ${cpus().length} cores)`,
    rows,
    [
      ['', (row) => row.name],
      ['processor time, bare/this', (row) => median(row.cpus).toFixed(3)],
      ['middle half', (row) => middleHalf(row.cpus)],
      ['µs added', (row) => median(row.added).toFixed(1)],
      ['throughput × bare', (row) => median(row.rates).toFixed(3)],
      ['middle half', (row) => middleHalf(row.rates)],
    ],
  );
}

function middleHalf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part) => sorted[Math.round((sorted.length - 1) * part)].toFixed(2);
  return `${at(0.25)}–${at(0.75)}`;
}

/** Fills `cookies` up, some at a time. */
async function signIn(server, visitors) {
  const missing = visitors - server.cookies.length;
  let left = missing;
  const one = async () => {
    while (left-- > 0) server.cookies.push(await cookieOf(server));
  };
  await Promise.all(Array.from({ length: Math.min(missing, 16) }, one));
  const hello = await fetch(server.url, { headers: { cookie: server.cookies.at(-1) } });
  if ((await hello.text()) !== 'Hello Ada Lovelace') throw new Error(`${server.name} does not know its user`);
  if (server.name.startsWith('keyturn') && hello.headers.getSetCookie().length > 0)
    throw new Error(`${server.name} sends a cookie when nothing changed`);
}

async function cookieOf({ name, url, cookies }) {
  const login = await fetch(`${url}/login`);
  await login.text();
  // The bare server gets a cookie of the same length, so that only the work differs.
  if (name === 'bare') return `plain=${String(cookies.length).padStart(250, 'x')}`;
  // Of several of one name a browser keeps the last.
  const pairs = login.headers.getSetCookie().map((header) => header.split(';')[0].split(/=(.*)/s, 2));
  return Object.entries(Object.fromEntries(pairs))
    .map((pair) => pair.join('='))
    .join('; ');
}

/** Requests per second, and microseconds of the server's processor time per request, connections apart. */
async function slice({ port, cookies, child }) {
  const load = await openLoad({ port, cookies, connections: CONNECTIONS });
  const before = await cpuOf(child);
  const seconds = await load.run(REQUESTS);
  const cpu = (await cpuOf(child)) - before;
  load.close();
  return { rate: REQUESTS / seconds, cpu: cpu / REQUESTS };
}

async function cpuOf(child) {
  child.send('cpu');
  const { cpu } = await new Promise((done) => child.once('message', done));
  return cpu;
}
