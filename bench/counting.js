// What it costs that verifications are counted over time (fleet/counting.ts): with each of them nothing, and every five
// seconds a look at the counters. Here a look comes every 1,000 verifications, as where a process verifies 200 a second.
import { randomBytes } from 'node:crypto';
import { createKeyturn } from 'keyturn';
import { Counting } from '../dist/fleet/counting.js';
import { internalsOf } from '../dist/keyturn.js';
import { compare, table } from './harness.js';

const LOOK_EVERY = 1000;
/** A process reports every ten seconds. */
const TELL_EVERY = 2 * LOOK_EVERY;

const keyturn = await createKeyturn({
  profile: 'test',
  env: { KEYTURN_SECURITY__SIGNING_SECRET: randomBytes(32).toString('hex') },
  logger: { debug() {}, info() {}, warn() {}, error() {} },
});
const signer = internalsOf(keyturn).ownSigner('session');
const { usage } = internalsOf(keyturn);
const now = Math.floor(Date.now() / 1000);
const tokens = Array.from({ length: 4096 }, (_, n) =>
  signer.issueAt(JSON.stringify({ userId: 100_000 + n, name: 'Ada Lovelace' }), now, now + 86_400),
);

/** As many counters as a process has that uses six keys for eight purposes. */
for (let key = 0; key < 6; key++)
  for (let purpose = 0; purpose < 8; purpose++) usage.of(`kid-000${key}`, `purpose-${purpose}`);

const fleet = { count: async () => {} };
const counting = new Counting(fleet, { uses: () => usage.uses, now: Date.now });
const verifyAll = () => {
  for (const use of usage.uses) use.verified++;
};

const must = (result) => {
  if (!result.ok) throw new Error('a benchmark verified nothing');
  return result;
};
/** Verifies, and does something now and then. */
const verifying = (look, tell) => (i) => {
  const result = must(signer.check(tokens[i & 4095]));
  if (i % LOOK_EVERY === 0) look();
  if (i % TELL_EVERY === 0) tell();
  return result;
};
const nothing = () => {};

export function counted() {
  const rows = compare(
    {
      'nobody counts over time': verifying(nothing, nothing),
      'counted over time': verifying(
        () => counting.look(),
        () => counting.tell(),
      ),
      'nobody counts, once more: the noise': verifying(nothing, nothing),
    },
    { base: 'nobody counts over time', rounds: 31 },
  );
  const [base] = rows;
  table('verify a token', rows, [
    ['', (row) => row.name],
    ['ns', (row) => row.nanoseconds.toFixed(0)],
    ['× first', (row) => row.ratio.toFixed(3)],
    ['ns more', (row) => ((row.ratio - 1) * base.nanoseconds).toFixed(1)],
  ]);
  const looks = compare(
    {
      'at 49 counters, none of which has grown': () => counting.look(),
      'at 49 counters, all of which have grown': () => {
        verifyAll();
        counting.look();
      },
    },
    { base: 'at 49 counters, none of which has grown' },
  );
  table('a look, every 5 s', looks, [
    ['', (row) => row.name],
    ['µs', (row) => (row.nanoseconds / 1000).toFixed(1)],
  ]);
}
