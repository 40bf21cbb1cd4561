// npm run measure:strength [-- --count N --words FILE --only KIND]: how many secrets that were drawn at random are refused. Each
// kind is drawn N times (a million) and judged as a start would; what comes out should be 0 for all.
//
// Diceware takes its words from FILE: one a line, whatever stands before the last space left out (EFF's list as it is).
// Without one they are made up of syllables, which cost less to guess than English words of that length.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { judge } from '../dist/secret/strength.js';
import { drawnSecrets } from './drawn-secrets.js';

const { values } = parseArgs({
  options: { count: { type: 'string' }, words: { type: 'string' }, only: { type: 'string' } },
});
const count = Number(values.count ?? 1_000_000);
const words =
  values.words === undefined
    ? undefined
    : readFileSync(values.words, 'utf8')
        .trim()
        .split(/\r?\n/)
        .map((line) => line.trim().split(/\s/).at(-1));

let alarms = 0;
for (const [kind, draw] of Object.entries(drawnSecrets(words))) {
  if (values.only !== undefined && !kind.includes(values.only)) continue;
  const why = new Map();
  for (let n = 0; n < count; n++) {
    const strength = judge(draw());
    if (!strength.enough) why.set(strength.why, (why.get(strength.why) ?? 0) + 1);
  }
  const refused = [...why.values()].reduce((sum, one) => sum + one, 0);
  alarms += refused;
  console.log(`${kind.padEnd(23)} ${refused} of ${count} refused`, ...[...why].flat());
}
process.exitCode = alarms === 0 ? 0 : 1;
