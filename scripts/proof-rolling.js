// npm run proof:rolling -- [--jars N] [--replicas N] [--seconds N] [--lifetime N] [--seed N] [--order staged|naive]
//                          [--slowest N] [--chart FILE]
//
// Replicas of Locker as real processes, with their sessions and the keyring in Redis, behind a balancer that sends
// every request to the next one. Signed-in clients go on through stage, promote, rollback, promote and retire by the
// real commands, while replicas are killed, restarted, stopped and cut off from Redis. Nobody may be signed out by a
// replica that calls itself ready, and no write to a session that was acknowledged may be lost.
//
// All times are those of a machine at rest, and are stretched on a slower one. What a replica calls expired was not
// refused. Where the machine stands still all the same the proof ends with "too slow to judge", and code 3.
//
// With `--order naive` the secret is in variables, and deployed as rotations by hand are: new secret in front, old one
// behind it, one replica after another, with nothing else disturbed. That run must fail, or this one proves nothing.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { judge, Stillness, slowness } from './proof-machine.js';
import { Chaos } from './proof-rolling-chaos.js';
import { drawChart } from './proof-rolling-chart.js';
import { Jar } from './proof-rolling-jars.js';
import { Line, startRedis } from './proof-rolling-redis.js';
import { Balancer, Replica } from './proof-rolling-replicas.js';
import { tell } from './proof-rolling-report.js';
import { Tally } from './proof-rolling-tally.js';
import { chanceOf, keyturn, newFolder, Progress, readArguments, root, sleep } from './proof-tools.js';

const given = readArguments({
  jars: 2000,
  replicas: 3,
  seconds: 150,
  lifetime: 20,
  seed: Math.floor(Math.random() * 2 ** 31),
  order: 'staged',
  slowest: 8,
  chart: '',
});
const { jars: jarCount, replicas: replicaCount, seed, order, chart } = given;
if (order !== 'staged' && order !== 'naive') quit('--order is staged or naive', 2);
const { applyLayers } = await import(join(root, 'dist/config/apply-layers.js'));
const { PurposeRegistry } = await import(join(root, 'dist/purposes/registry.js'));
const { generateSecret } = await import(join(root, 'dist/secret/generate.js'));

const slow = await slowness();
if (slow === undefined)
  quit('too slow to judge: this machine takes too long to start a process', TOO_SLOW_TO_JUDGE);
const stretched = (duration) => Math.ceil(duration * slow);
const lifetime = stretched(given.lifetime);
const seconds = stretched(given.seconds);
/** Seconds. All waits are computed from them: short ones make the run short, and leave replicas less time to be late. */
const MAX_LAG = stretched(2);
const LEASE = 2 * MAX_LAG;
const SKEW = stretched(1);
const naive = order === 'naive';
/** What the waits leave of the run is shared by the phases. */
const WAITS = naive ? lifetime + 4 * replicaCount : 2 * MAX_LAG + LEASE + lifetime + 2 * SKEW;
const HOLD = Math.max(naive ? 0.5 : 1.5, (seconds - WAITS) / 5);
/** A visitor who waits for an answer must not wait for a lifetime. */
const PATIENCE = Math.max(1.5, lifetime / 5);
const OUTAGE = 1.5 * MAX_LAG;
/** Requests per second that all jars together send. */
const PACE = Math.min(500, jarCount * 2) / slow;
const PASSWORD = 'correct horse battery staple';

const progress = new Progress();
const tally = new Tally((line) => progress.say(line));
// One for what is done to the replicas, so that a seed repeats it however the visitors come and go.
const chance = chanceOf(seed);
const visitorsChance = chanceOf(seed + 1);
/** Whether the first promotion waits, or is asked for until the reports of all replicas say that it is safe. */
const hurried = chance() < 0.5;

const redis = await startRedis().catch((error) => quit(error.message, 1));
const first = generateSecret();
const rules = {
  KEYTURN_ENV: 'prod',
  KEYTURN_SESSION__BACKEND: 'redis',
  KEYTURN_SESSION__IDLE: `${lifetime}s`,
  KEYTURN_SECURITY__KEYRING__CLOCK_SKEW: `${SKEW}s`,
  ...(naive
    ? {}
    : {
        KEYTURN_SECURITY__KEYRING__STORE: 'redis',
        KEYTURN_SECURITY__KEYRING__MAX_LAG: `${MAX_LAG}s`,
        KEYTURN_SECURITY__KEYRING__LEASE: `${LEASE}s`,
      }),
  ...Object.fromEntries(
    new PurposeRegistry(applyLayers('prod', [], {}).settings, true).all
      .filter(({ name }) => name !== 'session')
      .map(({ name }) => [
        `KEYTURN_PURPOSES__${name.toUpperCase().replaceAll('-', '_')}__MAX_AGE`,
        `${lifetime}s`,
      ]),
  ),
};
/** The variables of a replica, or of the operator, whose line to Redis is never cut. */
const variables = (url, secrets = { secret: first }) => ({
  ...rules,
  KEYTURN_SESSION__REDIS__URL: url,
  KEYTURN_SECURITY__SIGNING_SECRET: secrets.secret,
  ...(secrets.previous && { KEYTURN_SECURITY__SIGNING_SECRET__PREVIOUS_SECRETS: secrets.previous }),
});
const served = (line, secrets) => ({
  ...variables(line.url, secrets),
  KEYTURN_LOG__LEVEL: 'debug',
  LOCKER_PASSWORD: PASSWORD,
});
const operator = { cwd: newFolder(), env: variables(`redis://127.0.0.1:${redis}`) };

function quit(why, code) {
  console.error(why);
  process.exit(code);
}

// The operator

async function mustWork(...args) {
  const { code, output } = await keyturn(args, operator);
  if (code !== 0) throw new Error(`keyturn ${args.join(' ')} failed: ${output}`);
  return output;
}

/** The ring as `keyturn status` tells it. */
async function readRing() {
  const { ring, keys } = JSON.parse(await mustWork('status', '--json'));
  return { ...ring, active: keys.find(({ state }) => state === 'active').kid };
}

/** Refused because it would not be safe yet: by the time, or by a replica that is behind. */
const NOT_YET = /safe at|cannot verify with|still signs with/;

/** A step that is unsafe until so many seconds after a moment. Only asked: on a slow machine it may be safe by then. */
async function mustBeRefused(step, unsafe, since) {
  const { code, output } = await keyturn([step, '--dry-run'], operator);
  if (code === 0 && performance.now() < since + unsafe * 1000)
    tally.fail(`keyturn ${step} was not refused while it was unsafe`);
  if (code !== 0 && !NOT_YET.test(output)) throw new Error(`keyturn ${step} failed: ${output}`);
}

/**
 * Asks for a step until it is safe, with something going wrong just before it, and just after.
 *
 * @returns a moment before it was taken
 */
async function takeStep(phase, ...args) {
  chaos.strike();
  await sleep(500 * chance());
  const waits = new Map();
  const first = performance.now();
  let asked = first;
  for (; ; await sleep(500)) {
    asked = performance.now();
    const { code, output } = await keyturn(args, operator);
    if (code === 0) break;
    const [why] = NOT_YET.exec(output) ?? [];
    if (why === undefined || asked - first > 120_000 * slow)
      throw new Error(`keyturn ${args.join(' ')} failed: ${output}`);
    waits.set(why, (waits.get(why) ?? 0) + 1);
  }
  const refused = [...waits].map(([why, times]) => `${times} × "… ${why} …"`).join(', ');
  tally.step(args[0]);
  enter(phase, `keyturn ${args[0]}${refused === '' ? '' : `, refused before: ${refused}`}`);
  chaos.strike();
  return asked;
}

function enter(name, how = '') {
  countKids();
  tally.enter(name);
  progress.say(`${tally.now.toFixed(1).padStart(6)} s  ${name.padEnd(16)} ${how}`.trimEnd());
}

function countKids() {
  if (tally.phase === undefined) return;
  // A jar that is signing out and in at this moment has none.
  for (const { kid } of jars.filter((jar) => jar.kid !== undefined))
    tally.phase.kids.set(kid, (tally.phase.kids.get(kid) ?? 0) + 1);
}

const hold = () => sleep(HOLD * 1000);

// The stories

async function stagedStory() {
  const { active: former } = await readRing();
  await hold();
  const staged = await takeStep('staged', 'stage');
  await mustBeRefused('promote', MAX_LAG, staged);
  if (!hurried) await hold();
  await takeStep('promoted', 'promote', ...(hurried ? ['--replicas', `${replicaCount}`] : []));
  const { active: latter } = await readRing();
  await hold();
  await chaos.outage(OUTAGE);
  await takeStep('rolled back', 'rollback');
  await hold();
  const promoted = await takeStep('promoted again', 'promote', latter);
  const kept = jars.map((jar) => jar.session).find((token) => token?.slice(4, 12) === former);
  await mustBeRefused('retire', lifetime, promoted);
  await takeStep('retired', 'retire');
  await hold();
  await chaos.end();
  return { former, kept };
}

async function naiveStory() {
  const second = generateSecret();
  await hold();
  await deploy('new secret', { secret: second, previous: first });
  await hold();
  await deploy('rollback', { secret: first });
  await hold();
  await deploy('new secret', { secret: second, previous: first });
  // A guess, as the guides give it: the lifetime of a session.
  await sleep(lifetime * 1000);
  await deploy('old one removed', { secret: second });
  await hold();
}

/** One replica after another, each when the one before is ready. */
async function deploy(name, secrets) {
  tally.step(name);
  enter(`deploy: ${name}`);
  for (const replica of replicas) {
    const event = { what: 'restarted', from: tally.now };
    replica.events.push(event);
    await replica.stop('SIGTERM');
    await replica.start(served(replica.line, secrets));
    event.until = tally.now;
    do await sleep(300);
    while (!replica.ready);
  }
}

// The end

async function checkTheEnd({ former, kept }) {
  const ring = await readRing();
  for (const replica of replicas) {
    const { status, fingerprint, generation } = (await replica.ask({ path: '/readyz' }, 5000)).body;
    if (status !== 'ready' || fingerprint !== ring.fingerprint || generation !== ring.generation)
      tally.fail(
        `${replica.name} is ${status}, with generation ${generation} and fingerprint ${fingerprint}`,
      );
  }
  const history = JSON.parse(await mustWork('history', '--json'));
  const steps = (history.history ?? history).map(({ what }) => what).join(' ');
  if (steps !== 'init stage promote rollback promote retire') tally.fail(`the history says: ${steps}`);
  const elsewhere = jars.filter(({ kid }) => kid !== ring.active);
  if (elsewhere.length > 0) tally.fail(`${elsewhere.length} jars are not on the active key`);
  const holding = jars.filter(({ tokens }) => tokens.some((token) => token.slice(4, 12) === former));
  if (holding.length > 0) tally.fail(`${holding.length} jars hold a token of the retired key`);
  if (kept !== undefined) for (const replica of replicas) await checkRefusal(replica, former, kept);
}

/** A token of the retired key is refused, and the log says why. */
async function checkRefusal(replica, kid, token) {
  const cookie = `__Host-keyturn.sid=${token}`;
  const { status } = await replica.ask({ path: '/me', headers: { cookie } }, 5000);
  if (status !== 401) tally.fail(`${replica.name} takes a token of the retired key`);
  const logged = new RegExp(`token\\.refused .*reason=retired_key kid=${kid}`);
  // The log comes by a way of its own.
  for (let tries = 0; !logged.test(replica.log); tries++, await sleep(50)) {
    if (tries === 100) return tally.fail(`${replica.name} does not log why it refused`);
  }
}

// The run

progress.say(
  `${jarCount} jars, ${replicaCount} replicas, ${order} order, seed ${seed}; tokens live ${lifetime} s` +
    (slow > 1 ? `, ${slow.toFixed(1)} times as long as at rest` : '') +
    (naive ? '' : `, max_lag ${MAX_LAG} s, lease ${LEASE} s, clock_skew ${SKEW} s`),
);
if (!naive) await mustWork('init');
const replicas = await Promise.all(
  Array.from({ length: replicaCount }, async (_, nth) => {
    const line = await Line.to(redis);
    return new Replica(`replica ${nth + 1}`, { line, env: served(line), tally, patience: 1000 * slow });
  }),
);
await Promise.all(replicas.map((replica) => replica.start()));
let watching = true;
const watched = replicas.map((replica) => replica.watch(() => !watching));
const balancer = new Balancer(replicas, { patience: PATIENCE * 1000, tally });
const jars = Array.from(
  { length: jarCount },
  (_, nth) =>
    new Jar(`visitor ${nth}`, { balancer, tally, chance: visitorsChance, password: PASSWORD, lifetime }),
);
const stillness = new Stillness();
const chaos = new Chaos(replicas, { chance, times: { maxLag: MAX_LAG, lease: LEASE }, tally });
enter('before');
let stopped = false;
const traffic = [];
for (let at = 0; at < jars.length; at += 20) {
  const some = jars.slice(at, at + 20);
  await Promise.all(some.map((jar) => jar.signIn()));
  // At once: a session that nobody uses ends.
  traffic.push(...some.map((jar) => jar.live((jarCount / PACE) * 1000, () => stopped)));
  progress.show(0, `${at + some.length} jars signed in`);
}
const total = tally.now + 5 * HOLD + WAITS;
const drawing = setInterval(() => {
  const sums = ['requests', 'refused', 'unavailable'].map((field) => `${tally.sum(field)} ${field}`);
  progress.show(tally.now / total, `${tally.phase.name}: ${sums.join(', ')}`);
}, 100);

try {
  const disturbing = naive ? Promise.resolve() : chaos.live(1500);
  const story = naive ? naiveStory() : stagedStory();
  // What fails in the background ends the run.
  const end = await Promise.race([story, Promise.all([...traffic, disturbing]).then(() => story)]);
  stopped = true;
  tally.end();
  await Promise.all(traffic);
  for (let at = 0; at < jars.length; at += 20)
    await Promise.all(jars.slice(at, at + 20).map((jar) => jar.check()));
  countKids();
  if (!naive) await checkTheEnd(end);
  watching = false;
  await Promise.all(watched);
  await Promise.all(replicas.map((replica) => replica.stop('SIGTERM')));
} catch (error) {
  if (!stopped) tally.end();
  tally.fail(error.message);
}
clearInterval(drawing);
stillness.end();
const { code, verdict } = judge({
  failures: tally.failures,
  lost: tally.lost,
  stood: stillness.longest,
  bearable: MAX_LAG / 4,
  share: tally.idle / Math.max(1, tally.sum('requests')),
  well: 'nobody was refused, and nothing was lost',
});
progress.say(tell({ tally, replicas, naive, verdict, seed }));
if (chart !== '') writeFileSync(chart, drawChart({ tally, replicas, order, jarCount }));
process.exit(code);
