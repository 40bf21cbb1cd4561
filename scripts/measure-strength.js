// npm run measure:strength [-- --count N --words FILE --only KIND]: how many secrets that were drawn at random are refused. Each
// kind is drawn N times (a million) and judged as a start would; what comes out should be 0 for all.
//
// Diceware takes its words from FILE: one a line, whatever stands before the last space left out (EFF's list as it is).
// Without one they are made up of syllables, which cost less to guess than English words of that length.
import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { judge } from '../dist/secret/strength.js';

const { values } = parseArgs({
  options: { count: { type: 'string' }, words: { type: 'string' }, only: { type: 'string' } },
});
const count = Number(values.count ?? 1_000_000);
const words =
  values.words === undefined
    ? syllables()
    : readFileSync(values.words, 'utf8')
        .trim()
        .split(/\r?\n/)
        .map((line) => line.trim().split(/\s/).at(-1));

const bytes = (length, encoding) => () => randomBytes(length).toString(encoding);
const drawn = (number, separator) => () =>
  Array.from({ length: number }, () => words[randomInt(words.length)]).join(separator);

const KINDS = {
  '32 bytes, hex': bytes(32, 'hex'),
  '32 bytes, base64': bytes(32, 'base64'),
  '32 bytes, base64url': bytes(32, 'base64url'),
  '24 bytes, base64url': bytes(24, 'base64url'),
  '64 bytes, hex': bytes(64, 'hex'),
  '11 words, spaces': drawn(11, ' '),
  '11 words, hyphens': drawn(11, '-'),
  '11 words, joined': drawn(11, ''),
};

let alarms = 0;
for (const [kind, draw] of Object.entries(KINDS)) {
  if (values.only !== undefined && !kind.includes(values.only)) continue;
  const why = new Map();
  for (let n = 0; n < count; n++) {
    const strength = judge(draw());
    if (!strength.enough) why.set(strength.why, (why.get(strength.why) ?? 0) + 1);
  }
  const refused = [...why.values()].reduce((sum, one) => sum + one, 0);
  alarms += refused;
  console.log(`${kind.padEnd(20)} ${refused} of ${count} refused`, ...[...why].flat());
}
process.exitCode = alarms === 0 ? 0 : 1;

function syllables() {
  const parts = [
    'ba',
    'ce',
    'di',
    'fo',
    'gu',
    'ha',
    'je',
    'ki',
    'lo',
    'mu',
    'na',
    'pe',
    'ri',
    'so',
    'tu',
    've',
  ];
  return Array.from({ length: 7776 }, (_, n) => {
    const third = n < 4096 ? parts[(n >> 8) % 16] : `${parts[(n >> 8) % 16]}n`;
    return parts[n % 16] + parts[(n >> 4) % 16] + third;
  });
}
