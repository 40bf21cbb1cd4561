// "Hello, signed-in user" on a framework: bare, with what people use, and with Keyturn. Slices of a few seconds
// alternate; what counts is each slice's throughput over the mean of the bare slices around it. Once with one visitor, and
// once with many, whose cookies nobody can remember all.
import { fork, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { median, table } from './harness.js';

const SECONDS = Number(process.env.BENCH_SECONDS ?? 3);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 4);
const VISITORS = Number(process.env.BENCH_VISITORS ?? 10_000);
const CONNECTIONS = 64;

/** @param framework a file of `apps` */
export async function server(framework) {
  installPeers();
  const { variants } = await import(`./apps/${framework}.js`);
  const names = Object.keys(variants);
  const servers = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await start(framework, name)])),
  );
  try {
    for (const visitors of [1, VISITORS]) await compare(framework, servers, visitors);
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
    child.once('exit', (code) => failed(new Error(`${framework} ${variant} ended with ${code}`)));
  });
  return { name: variant, url: `http://127.0.0.1:${port}`, child, cookies: [] };
}

async function compare(framework, servers, visitors) {
  const { bare, ...others } = servers;
  for (const each of Object.values(servers)) await signIn(each, visitors);
  for (const each of Object.values(servers)) await slice(each, 1);
  const rows = Object.keys(others).map((name) => ({ name, rates: [], cpus: [], added: [] }));
  let before = await slice(bare, SECONDS);
  for (let round = 0; round < ROUNDS; round++) {
    for (const row of rows) {
      const { rate, cpu } = await slice(others[row.name], SECONDS);
      const after = await slice(bare, SECONDS);
      row.rates.push(rate / ((before.rate + after.rate) / 2));
      row.cpus.push((before.cpu + after.cpu) / 2 / cpu);
      row.added.push(cpu - (before.cpu + after.cpu) / 2);
      before = after;
    }
  }
  const who = visitors === 1 ? 'one signed-in user' : `${visitors} signed-in users`;
  table(`${framework}: hello with ${who} (${ROUNDS} rounds of ${SECONDS} s, ${cpus().length} cores)`, rows, [
    ['', (row) => row.name],
    ['throughput × bare', (row) => median(row.rates).toFixed(3)],
    ['range', (row) => `${Math.min(...row.rates).toFixed(2)}–${Math.max(...row.rates).toFixed(2)}`],
    ['work per request, bare/this', (row) => median(row.cpus).toFixed(3)],
    ['µs added', (row) => median(row.added).toFixed(1)],
  ]);
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

/** Requests per second, and microseconds of processor time per request: the second is steady on a busy machine. */
async function slice({ name, url, cookies, child }, duration) {
  const before = await cpuOf(child);
  let connection = 0;
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    pipelining: 1,
    duration,
    // Each connection takes turns among visitors of its own.
    setupClient: (client) => {
      const own = cookies.filter((_, at) => cookies.length === 1 || at % CONNECTIONS === connection);
      connection++;
      client.setRequests(own.map((cookie) => ({ method: 'GET', path: '/', headers: { cookie } })));
    },
  });
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${name} refused requests`);
  return { rate: result.requests.average, cpu: ((await cpuOf(child)) - before) / result.requests.total };
}

async function cpuOf(child) {
  child.send('cpu');
  const { cpu } = await new Promise((done) => child.once('message', done));
  return cpu;
}
