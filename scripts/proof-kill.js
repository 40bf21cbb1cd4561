// node scripts/proof-kill.js [--times N] [--lanes N] [--seed N]: kills a command that writes the keyring, at random
// instants. Each time the file must be whole, the old one or the new, of mode 0600, and the next command must work.
//
// Half of the kills are spread over the whole life of the command, half over the few milliseconds in which it
// writes: those begin when its lock appears.
import { readdirSync, readFileSync, statSync, watch } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import {
  chanceOf,
  keyturn,
  MAIN,
  newFolder,
  Progress,
  readArguments,
  root,
  start,
  table,
} from './proof-tools.js';

const { parseDocument, writeDocument } = await import(join(root, 'dist/keyring/document.js'));

/** Longer than a command holds its lock. */
const WRITING_MS = 25;

const { times, lanes, seed } = readArguments({
  times: 500,
  lanes: Math.max(1, Math.min(4, availableParallelism())),
  seed: Math.floor(Math.random() * 2 ** 31),
});
const progress = new Progress();
const counts = { old: 0, new: 0, finished: 0, lock: 0, draft: 0 };
const failures = [];
let done = 0;

progress.say(`${times} kills in ${lanes} lanes, seed ${seed}`);
const begun = performance.now();
await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane, chanceOf(seed + lane))));

progress.say(
  table([
    ['kills', done],
    ['  the command had ended before', counts.finished],
    ['  the old file is there', counts.old],
    ['  the new file is there', counts.new],
    ['  a lock was left behind', counts.lock],
    ['  a draft was left behind', counts.draft],
    ['failures', failures.length],
    ['seconds', Math.round((performance.now() - begun) / 1000)],
  ]),
);
for (const failure of failures) console.error(`✗ ${failure}`);
process.exitCode = failures.length === 0 && done === times ? 0 : 1;

async function runLane(lane, chance) {
  const cwd = newFolder();
  const where = { cwd, env: { KEYTURN_ENV: 'prod' } };
  await mustWork(['init'], where);
  const path = join(cwd, '.keyturn', 'keyring.json');
  const lifetimes = [];
  for (let nth = 0; nth < 4; nth++) {
    const at = performance.now();
    await mustWork(nextCommand(path), where);
    lifetimes.push(performance.now() - at);
  }
  // A little longer than the longest, so that no instant of its life is left out.
  const lifetime = Math.max(...lifetimes) * 1.1;
  for (let nth = lane; nth < times; nth += lanes) {
    const what = `kill ${nth}`;
    const before = readFileSync(path, 'utf8');
    const args = nextCommand(path);
    const command = start(MAIN, args, where);
    const killed = nth % 2 === 0 ? after(chance() * lifetime) : whileWriting(path, chance, command.ended);
    await Promise.race([killed, command.ended]);
    command.kill('SIGKILL');
    const { signal } = await command.ended;
    if (signal === null) counts.finished++;
    check(what, path, before, args);
    // Whatever was left behind, the next command works, and clears it away.
    const now = readFileSync(path, 'utf8');
    const next = nextCommand(path);
    const { code, output } = await keyturn(next, where);
    if (code !== 0) failures.push(`${what}: the next command failed: keyturn ${next.join(' ')}: ${output}`);
    else if (readFileSync(path, 'utf8') === now) failures.push(`${what}: the next command changed nothing`);
    const left = leftovers(path);
    if (left.length > 0) failures.push(`${what}: the next command left ${left.join(', ')}`);
    done++;
    progress.show(done / times, `${done} of ${times} kills, ${failures.length} failures`);
  }
}

async function mustWork(args, where) {
  const { code, output } = await keyturn(args, where);
  if (code !== 0) throw new Error(`keyturn ${args.join(' ')} failed: ${output}`);
}

/** A staged key goes at once, and then another can be staged: both write the file. */
function nextCommand(path) {
  const staged = JSON.parse(readFileSync(path, 'utf8')).keys.find(({ state }) => state === 'staged');
  return staged === undefined ? ['stage'] : ['retire', staged.kid];
}

function check(what, path, before, [step]) {
  const text = readFileSync(path, 'utf8');
  const { mode, uid } = statSync(path);
  if ((mode & 0o7777) !== 0o600) failures.push(`${what}: the mode is ${(mode & 0o7777).toString(8)}`);
  if (uid !== process.getuid()) failures.push(`${what}: the owner is ${uid}`);
  const left = leftovers(path);
  if (left.some((name) => name.endsWith('.lock'))) counts.lock++;
  if (left.some((name) => /json\.[0-9a-f]{12}\.tmp$/.test(name))) counts.draft++;
  if (text === before) {
    counts.old++;
    return;
  }
  counts.new++;
  try {
    const [former, ring] = [before, text].map((document) => parseDocument(document, path));
    const whole =
      text === writeDocument(ring) &&
      ring.generation === former.generation + 1 &&
      ring.history.length === former.history.length + 1 &&
      ring.history.at(-1).what === step &&
      former.keys.every(({ id }) => ring.get(id) !== undefined);
    if (!whole) failures.push(`${what}: the file is neither the old nor the new one`);
  } catch (error) {
    failures.push(`${what}: the file is broken: ${error.message}`);
  }
}

/** What is beside the keyring that does not belong there. */
function leftovers(path) {
  return readdirSync(dirname(path)).filter((name) => name !== 'keyring.json' && name !== '.gitignore');
}

/** Timers count whole milliseconds; the last of them is waited for awake. */
async function after(ms) {
  const until = performance.now() + ms;
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, ms - 2)));
  while (performance.now() < until);
}

/** Some moment between the appearance of the lock and its end. */
async function whileWriting(path, chance, ended) {
  await new Promise((resolve) => {
    const watcher = watch(dirname(path), (_, name) => name === 'keyring.json.lock' && resolve());
    ended.then(resolve);
    watcher.unref();
    void Promise.resolve().then(async () => {
      await ended;
      watcher.close();
    });
  });
  // Most of it happens early: the square puts half of the kills into the first quarter.
  await after(chance() ** 2 * WRITING_MS);
}
