// npm run proof:rotation -- [--jars N] [--seconds N] [--seed N] [--servers N] [--order safe|naive] [--slowest N]
//
// Locker as real processes under the traffic of signed-in clients, through stage, promote, rollback, promote and
// retire by the real commands, its servers killed and restarted at random moments. Nobody may be signed out.
//
// The first server, the third and so on read the keyring file itself, with their reports beside it. The others have
// a mount of their own that lags, swapped as Kubernetes does. With `--order naive` the new key signs at once, as
// rotations by hand do: that run must fail, or this check would prove nothing.
//
// All times are those of a machine at rest, and are stretched on a slower one. What a server calls expired was not
// refused. Where the machine stands still all the same the proof ends with "too slow to judge", and code 3.
import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { dirname, join } from 'node:path';
import { judge, Stillness, slowness } from './proof-machine.js';
import { REASONS } from './proof-reasons.js';
import {
  chanceOf,
  keyturn,
  newFolder,
  Progress,
  readArguments,
  root,
  start as startProcess,
  table,
} from './proof-tools.js';

const given = readArguments({
  jars: 300,
  seconds: 60,
  seed: Math.floor(Math.random() * 2 ** 31),
  servers: 2,
  order: 'safe',
  slowest: 8,
});
const { jars: jarCount, seed, servers: serverCount, order } = given;
const { applyLayers } = await import(join(root, 'dist/config/apply-layers.js'));
const { PurposeRegistry } = await import(join(root, 'dist/purposes/registry.js'));
const { parseDocument } = await import(join(root, 'dist/keyring/document.js'));
const { Material } = await import(join(root, 'dist/keyring/key.js'));
const { generateSecret } = await import(join(root, 'dist/secret/generate.js'));

const slow = await slowness(given.slowest);
const stretched = (duration) => Math.ceil(duration * slow);
const seconds = stretched(given.seconds);
/** Seconds. Short, so that a key can be retired within the run. */
const LIFETIME = stretched(5);
const MAX_LAG = stretched(3);
const SKEW = stretched(1);
/** How late a mount is at most, in milliseconds: with the look at the file well within max_lag. */
const MOUNT_LATE_MS = 400 * MAX_LAG;
/** What the waits leave of the run is shared by the phases. */
const HOLD = Math.max(1, (seconds - LIFETIME - MAX_LAG - SKEW) / 5);
/** Requests per second that all jars together send. */
const PACE = Math.min(500, jarCount * 4) / slow;
const PASSWORD = 'correct horse battery staple';
const SESSION = '__Host-keyturn.sid';

const chance = chanceOf(seed);
const progress = new Progress();
const home = newFolder();
const ringPath = join(home, '.keyturn', 'keyring.json');
const rules = {
  KEYTURN_ENV: 'prod',
  KEYTURN_SECURITY__KEYRING__MAX_LAG: `${MAX_LAG}s`,
  KEYTURN_SECURITY__KEYRING__CLOCK_SKEW: `${SKEW}s`,
  KEYTURN_SESSION__IDLE: `${LIFETIME}s`,
  ...Object.fromEntries(
    new PurposeRegistry(applyLayers('prod', [], {}).settings, true).all
      .filter(({ name }) => name !== 'session')
      .map(({ name }) => [
        `KEYTURN_PURPOSES__${name.toUpperCase().replaceAll('-', '_')}__MAX_AGE`,
        `${LIFETIME}s`,
      ]),
  ),
};
const operator = { cwd: home, env: rules };

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const failures = [];
const fail = (what) => {
  failures.push(what);
  if (failures.length <= 10) progress.say(`✗ ${what}`);
};

// The keyring, and who reads it

const kids = [];
const readRing = () => parseDocument(readFileSync(ringPath, 'utf8'), ringPath);

/** A folder as Kubernetes mounts a secret: what is published comes late, and all at once. */
class Mount {
  #folder = newFolder();
  #version = 0;
  #text = '';
  path = join(this.#folder, 'keyring.json');

  constructor() {
    this.#swap(readFileSync(ringPath, 'utf8'));
    symlinkSync(join('..data', 'keyring.json'), this.path);
  }

  async follow(stopped) {
    while (!stopped()) {
      const text = readFileSync(ringPath, 'utf8');
      if (text !== this.#text) {
        await sleep((0.7 + 0.3 * chance()) * MOUNT_LATE_MS);
        this.#swap(text);
      }
      await sleep(20);
    }
  }

  #swap(text) {
    const former = `..version_${this.#version++}`;
    const next = `..version_${this.#version}`;
    mkdirSync(join(this.#folder, next));
    writeFileSync(join(this.#folder, next, 'keyring.json'), text, { mode: 0o600 });
    symlinkSync(next, join(this.#folder, '..data_tmp'));
    renameSync(join(this.#folder, '..data_tmp'), join(this.#folder, '..data'));
    rmSync(join(this.#folder, former), { recursive: true, force: true });
    this.#text = text;
  }
}

class Server {
  #child;
  #path;
  #cwd = newFolder();
  #agent;
  #log = '';
  port = 0;

  constructor(path) {
    this.#path = path;
  }

  async start() {
    const env = {
      ...rules,
      KEYTURN_SECURITY__SIGNING_SECRET_FILE: this.#path,
      KEYTURN_LOG__LEVEL: 'debug',
      LOCKER_PASSWORD: PASSWORD,
      HOST: '127.0.0.1',
      PORT: '0',
    };
    const child = startProcess(join(root, 'scripts/proof-app.js'), [], { cwd: this.#cwd, env });
    this.#child = child;
    let running = true;
    child.ended.then(() => {
      running = false;
    });
    for (;;) {
      const port = /^listening on port (\d+)$/m.exec(child.output)?.[1];
      if (port !== undefined) {
        this.#agent = new Agent({ keepAlive: true, maxSockets: 64 });
        this.port = Number(port);
        return;
      }
      if (!running) throw new Error(`the server did not start:\n${child.output}`);
      await sleep(10);
    }
  }

  async stop(signal) {
    const { port } = this;
    this.#child.kill(signal);
    await this.#child.ended;
    this.#log += this.#child.output;
    this.#agent.destroy();
    if (this.port === port) this.port = 0;
  }

  get log() {
    return this.#log + this.#child.output;
  }

  /** @throws when the connection fails: the request may be sent again */
  async ask({ method = 'GET', path, headers = {}, json }) {
    const body = json === undefined ? undefined : JSON.stringify(json);
    return await new Promise((resolve, reject) => {
      const asked = request(
        {
          host: '127.0.0.1',
          port: this.port,
          agent: this.#agent,
          method,
          path,
          timeout: 10_000 * slow,
          headers: {
            accept: 'application/json',
            ...(body === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
            ...headers,
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part) => {
            text += part;
          });
          response.on('error', reject).on('end', () => {
            // What Fastify answers while it closes: the request has not been looked at.
            if (response.statusCode === 503) reject(new Error('closing'));
            else
              resolve({
                status: response.statusCode,
                text,
                setCookies: response.headers['set-cookie'] ?? [],
                reasons: (response.headers[REASONS] ?? '').split(' '),
              });
          });
        },
      );
      asked.on('timeout', () => asked.destroy(new Error('timeout')));
      asked.on('error', reject);
      asked.end(body);
    });
  }
}

// Clients

class Phase {
  requests = 0;
  refused = 0;
  retried = 0;
  idle = 0;
  kids = new Map();

  constructor(name) {
    this.name = name;
  }
}

let phase = new Phase('before');
const phases = [phase];
let nextServer = 0;
let stopped = false;

/** Round robin, as a balancer does; where no connection comes about, the next server is asked. */
async function ask(what) {
  const deadline = performance.now() + 30_000 * slow;
  for (;;) {
    const server = servers[nextServer++ % servers.length];
    if (server.port !== 0) {
      try {
        const answer = await server.ask(what);
        phase.requests++;
        return answer;
      } catch {
        phase.retried++;
      }
    }
    if (performance.now() > deadline) throw new Error('no server answers');
    await sleep(5);
  }
}

/** A browser as far as it matters here: cookies with a lifetime, and the CSRF token of its page. */
class Jar {
  #name;
  #cookies = new Map();
  #csrf;

  constructor(name) {
    this.#name = name;
  }

  cookie(name) {
    const cookie = this.#cookies.get(name);
    if (cookie === undefined || performance.now() >= cookie.endsAt) return undefined;
    return cookie.value;
  }

  /** The tokens that it holds. */
  get tokens() {
    return [...this.#cookies.keys()].map((name) => this.cookie(name)).filter((value) => value !== undefined);
  }

  get kid() {
    return this.cookie(SESSION)?.slice(4, 12);
  }

  async #ask(what) {
    const carried = [...this.#cookies.keys()].filter((name) => this.cookie(name) !== undefined);
    const ended = carried.length < this.#cookies.size;
    const cookie = carried.map((name) => `${name}=${this.cookie(name)}`).join('; ');
    const answer = await ask({ ...what, headers: { ...what.headers, cookie } });
    for (const header of answer.setCookies) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(header);
      const maxAge = /; Max-Age=(\d+)/.exec(header)?.[1];
      const endsAt =
        maxAge === undefined ? Number.POSITIVE_INFINITY : performance.now() + Number(maxAge) * 1000;
      if (maxAge === '0') this.#cookies.delete(name);
      else this.#cookies.set(name, { value, endsAt });
    }
    // By its own rules: the browser dropped a cookie, or the server says that what came has expired.
    return { ...answer, ended: ended || answer.reasons.includes('expired') };
  }

  /** Opens the page, and signs in with the token that it holds. */
  async signIn() {
    const page = await this.#ask({ path: '/' });
    await this.#enter(JSON.parse(page.text).csrfToken);
  }

  async #enter(token) {
    await this.#send(
      '/login',
      { token, at: performance.now() },
      { username: this.#name, password: PASSWORD },
    );
  }

  async #send(path, csrf, json = {}) {
    const headers = { 'x-csrf-token': csrf.token };
    const answer = await this.#ask({ method: 'POST', path, headers, json });
    const { user, csrfToken } = answer.status === 200 ? JSON.parse(answer.text) : {};
    const expected = path === '/login' ? this.#name : null;
    if (user !== expected) this.#refused(`POST ${path}`, answer);
    this.#csrf = csrfToken === undefined ? undefined : { token: csrfToken, at: performance.now() };
    return csrfToken;
  }

  /** Like a visitor: mostly looks, sometimes signs out and in again. */
  async act() {
    const dice = chance();
    if (dice < 0.85) return await this.#look('/me');
    if (dice < 0.9) return await Promise.all([this.#look('/me'), this.#look('/me')]);
    const fresh = this.#csrf !== undefined && performance.now() - this.#csrf.at < LIFETIME * 600;
    if (dice < 0.97 || !fresh) return await this.#look('/');
    const token = await this.#send('/logout', this.#csrf);
    if (token !== undefined) await this.#enter(token);
  }

  async #look(path) {
    const carried = this.#cookies.get(SESSION);
    const answer = await this.#ask({ path });
    const { user, csrfToken } = answer.status === 200 ? JSON.parse(answer.text) : {};
    if (csrfToken !== undefined) this.#csrf = { token: csrfToken, at: performance.now() };
    if (user === this.#name) return;
    this.#refused(`GET ${path}`, answer, carried?.value.slice(4, 12));
    await this.signIn();
  }

  #refused(what, { status, ended }, kid = undefined) {
    if (ended) {
      phase.idle++;
      return;
    }
    phase.refused++;
    const token = kid === undefined ? '' : ` with a token of ${kid}`;
    fail(`${phase.name}: ${this.#name} was refused: ${what}${token} gave ${status}`);
  }

  async live() {
    while (!stopped) {
      await sleep((0.5 + chance()) * 1000 * (jarCount / PACE));
      await this.act();
    }
  }
}

// The operator

async function command(...args) {
  const { code, output } = await keyturn(args, operator);
  const ring = readRing();
  for (const { id } of ring.keys) if (!kids.includes(id)) kids.push(id);
  return { code, output, ring };
}

async function mustWork(...args) {
  const done = await command(...args);
  if (done.code !== 0) throw new Error(`keyturn ${args.join(' ')} failed: ${done.output}`);
  return done.ring;
}

/** Refused because it would not be safe yet: by the time, or by a replica that is behind. */
const NOT_YET = /safe at|cannot verify with|still signs with/;

/** A step that is unsafe now. */
async function mustBeRefused(...args) {
  const { code, output } = await command(...args);
  if (code === 0) fail(`keyturn ${args.join(' ')} was not refused while it was unsafe`);
  else if (!NOT_YET.test(output)) throw new Error(`keyturn ${args.join(' ')} failed: ${output}`);
}

async function whenSafe(...args) {
  const deadline = performance.now() + 60_000 * slow;
  for (;;) {
    const { code, output, ring } = await command(...args);
    if (code === 0) return ring;
    if (!NOT_YET.test(output) || performance.now() > deadline)
      throw new Error(`keyturn ${args.join(' ')} failed: ${output}`);
    await sleep(300);
  }
}

const begun = performance.now();
const elapsed = () => (performance.now() - begun) / 1000;
let total = seconds;

async function hold(least = 0) {
  await sleep(Math.max(HOLD, least) * 1000);
  countKids();
}

function enter(name) {
  phase = new Phase(name);
  phases.push(phase);
  progress.say(`${elapsed().toFixed(1).padStart(5)} s  ${name}`);
}

function countKids() {
  phase.kids = new Map();
  // A jar that is signing out and in at this moment has none.
  for (const { kid } of jars.filter((jar) => jar.kid !== undefined))
    phase.kids.set(kid, (phase.kids.get(kid) ?? 0) + 1);
}

const byHand = [];

/**
 * As rotations by hand are done: a new secret in front, the old one behind it, deployed at once. It is an array, which
 * has no steps: a document that did not come by one is not followed at all.
 */
function rotateNaively() {
  byHand.unshift(generateSecret());
  kids.push(new Material(byHand[0]).kid);
  mkdirSync(dirname(ringPath), { recursive: true });
  writeFileSync(`${ringPath}~`, JSON.stringify(byHand), { mode: 0o600 });
  renameSync(`${ringPath}~`, ringPath);
}

/** A genuine token of the key that is to be retired, which would live for long. */
let remembered;

const restarts = { SIGTERM: 0, SIGKILL: 0 };

/** One server at a time, so that another answers. */
async function restartServers(until) {
  while (!until()) {
    await sleep(300 + chance() * 2000);
    if (until()) return;
    const server = servers[Math.floor(chance() * servers.length)];
    const signal = chance() < 0.5 ? 'SIGTERM' : 'SIGKILL';
    await server.stop(signal);
    await sleep(chance() * 500);
    await server.start();
    restarts[signal]++;
  }
}

// The run

progress.say(
  `${jarCount} jars, ${serverCount} servers, ${order} order, seed ${seed}; lifetime ${LIFETIME} s, max_lag ${MAX_LAG} s` +
    (slow > 1 ? `, ${slow.toFixed(1)} times as long as at rest` : ''),
);
if (order === 'naive') rotateNaively();
else await mustWork('init');
const mounts = Array.from({ length: Math.floor(serverCount / 2) }, () => new Mount());
const servers = Array.from(
  { length: serverCount },
  (_, nth) => new Server(nth % 2 === 0 ? ringPath : mounts[(nth - 1) / 2].path),
);
const jars = Array.from({ length: jarCount }, (_, nth) => new Jar(`visitor ${nth}`));
await Promise.all(servers.map((server) => server.start()));
for (let at = 0; at < jars.length; at += 20) {
  await Promise.all(jars.slice(at, at + 20).map((jar) => jar.signIn()));
}
total =
  elapsed() +
  (order === 'naive' ? 2 * HOLD + MAX_LAG : Math.max(seconds, 4 * HOLD + LIFETIME + 2 * MAX_LAG + SKEW));
const stillness = new Stillness();
let restarting = true;
const traffic = jars.map((jar) => jar.live());
traffic.push(...mounts.map((mount) => mount.follow(() => stopped)));
// By hand nothing restarts: what fails then fails by its order.
const restarter =
  serverCount > 1 && order !== 'naive' ? restartServers(() => !restarting) : Promise.resolve();
const drawing = setInterval(() => {
  progress.show(
    elapsed() / total,
    `${phase.name}: ${sumOf('requests')} requests, ${sumOf('refused')} refused`,
  );
}, 100);

try {
  const story = order === 'naive' ? naiveStory() : safeStory();
  // What fails in the background ends the run.
  await Promise.race([story, Promise.all([...traffic, restarter])]);
  restarting = false;
  await restarter;
  stopped = true;
  await Promise.all(traffic);
  countKids();
  if (order !== 'naive') await checkTheEnd();
  await Promise.all(servers.map((server) => server.stop('SIGTERM')));
} catch (error) {
  fail(error.message);
}
clearInterval(drawing);
stillness.end();
const { code, verdict } = judge({
  failures,
  lost: 0,
  stood: stillness.longest,
  bearable: MAX_LAG / 4,
  share: sumOf('idle') / Math.max(1, sumOf('requests')),
  well: 'nobody was refused',
});
tell();
process.exit(code);

function sumOf(field) {
  return phases.reduce((all, one) => all + one[field], 0);
}

async function naiveStory() {
  await hold();
  rotateNaively();
  enter('new key signs at once');
  await hold(MAX_LAG);
}

async function safeStory() {
  await hold();
  const first = readRing().active.id;
  await mustWork('stage');
  enter('staged');
  await mustBeRefused('promote');
  await hold(MAX_LAG + 0.2);
  const { id: second } = (await whenSafe('promote')).active;
  enter('promoted');
  await hold();
  await whenSafe('rollback');
  enter('rolled back');
  await hold();
  await whenSafe('promote', second);
  enter('promoted again');
  await remember(first);
  await mustBeRefused('retire');
  await whenSafe('retire');
  checkJars(first);
  countKids();
  enter('retired');
  await hold();
}

async function remember(kid) {
  const { material } = readRing().get(kid);
  const token = jars.map((jar) => jar.cookie(SESSION)).find((value) => value !== undefined);
  remembered = { kid, token: signAgain(token, material) };
  // Until the key is retired it is as good as any: otherwise its refusal would prove nothing.
  const answer = await ask({ path: '/me', headers: { cookie: `${SESSION}=${remembered.token}` } });
  if (answer.status !== 200) fail(`a token of the retiring key ${kid} gave ${answer.status} before retire`);
}

/** The payload of a token under another key, good for an hour: docs/token-format.md says how. */
function signAgain(token, material) {
  const now = Math.floor(Date.now() / 1000);
  const time = (at) => Buffer.from(at.toString(16).padStart(12, '0'), 'hex').toString('base64url').slice(2);
  const signed = `kt1.${material.kid}.${time(now)}${time(now + 3600)}.${token.split('.')[3]}`;
  const mac = createHmac('sha256', material.derive('sign', 'session')).update(signed).digest('base64url');
  return `${signed}.${mac}`;
}

function checkJars(retired) {
  const holding = jars.filter(({ tokens }) => tokens.some((token) => token.slice(4, 12) === retired));
  if (holding.length > 0) fail(`${holding.length} jars hold a token of the retired key ${retired}`);
}

async function checkTheEnd() {
  const ring = readRing();
  checkJars(remembered.kid);
  const elsewhere = jars.filter(({ kid }) => kid !== ring.active.id);
  if (elsewhere.length > 0) fail(`${elsewhere.length} jars are not on the active key`);
  const steps = ring.history.map(({ what }) => what).join(' ');
  if (steps !== 'init stage promote rollback promote retire') fail(`the history says: ${steps}`);
  for (const [nth, server] of servers.entries()) {
    const { status, generation } = JSON.parse((await server.ask({ path: '/readyz' })).text);
    if (status !== 'ready' || generation !== ring.generation)
      fail(`server ${nth + 1} is ${status} with generation ${generation}`);
    const answer = await server.ask({
      path: '/me',
      headers: { cookie: `${SESSION}=${remembered.token}` },
    });
    if (answer.status !== 401) fail(`server ${nth + 1} takes a token of the retired key`);
    const logged = new RegExp(`token\\.refused .*reason=retired_key kid=${remembered.kid}`);
    // The log comes by a way of its own.
    for (let tries = 0; tries < 100 && !logged.test(server.log); tries++) await sleep(50);
    if (!logged.test(server.log)) fail(`server ${nth + 1} does not log why it refused`);
    if (/keyring\.reload_failed/.test(server.log)) fail(`server ${nth + 1} has failed to reload`);
  }
}

function tell() {
  const used = kids.filter((kid) => phases.some((one) => one.kids.has(kid)));
  const rows = phases.map((one) => [
    one.name,
    one.requests,
    one.refused,
    one.retried,
    ...used.map((kid) => one.kids.get(kid) ?? 0),
  ]);
  const sum = (column) => rows.reduce((all, row) => all + row[column], 0);
  progress.say('');
  progress.say(
    table([
      ['phase', 'requests', 'refused', 'retried', ...used],
      ...rows,
      ['all', sum(1), sum(2), sum(3), ...used.map(() => '')],
    ]),
  );
  const idle = sumOf('idle');
  progress.say(
    `\nretried: the connection failed while a server was restarting; ${restarts.SIGTERM} times by SIGTERM, ${restarts.SIGKILL} times by SIGKILL` +
      (idle === 0
        ? ''
        : `\n${idle} sessions or forms ended by their own rules while their visitors waited for an answer`) +
      `\nkeys: jars whose session each key had signed at the end of the phase` +
      `\n${verdict} (${elapsed().toFixed(0)} s, seed ${seed})`,
  );
}
