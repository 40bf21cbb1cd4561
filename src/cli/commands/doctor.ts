// keyturn doctor: examines everything a start depends on, changes nothing.
import type { Finding, Report, Status } from '../../doctor/finding.js';
import { runDoctor } from '../../doctor/run.js';
import type { Command } from '../command.js';
import { columnsOf, type Line, type Style, styled } from '../line.js';
import type { Ui } from '../ui.js';

export const doctor: Command = {
  usage: '[--strict] [--wordlist FILE]',
  about: [
    'Examines the configuration, the keys and the places where they lie, through the same',
    'code that a start uses, and creates nothing. Each check passes, warns or fails.',
    '',
    'Exit code 1 when a check failed, with --strict also when one warned.',
    '',
    '  KEYTURN_ENV=prod keyturn doctor      is this fit for production?',
    '  keyturn doctor --strict --json       for a pipeline',
    '  keyturn doctor --wordlist FILE       is a key on a list of guesses?',
  ],
  options: [
    { name: 'strict', about: 'a warning counts as a failure' },
    { name: 'wordlist', value: 'FILE', about: 'look the keys up in this list, one guess a line' },
  ],
  words: [],
  run: async ({ machine, profile, has, value, json, ui }) => {
    const report = await runDoctor(machine, profile, { wordlist: value('wordlist') });
    if (json) ui.json(report);
    else show(report, ui);
    const { failed, warned } = report.summary;
    return failed > 0 || (has('strict') && warned > 0) ? 1 : 0;
  },
};

const SIGNS: Readonly<Record<Status, string>> = { pass: '✅', warn: '⚠️ ', fail: '❌' };
/** For a terminal that shows no more than ASCII. */
const WORDS: Readonly<Record<Status, string>> = { pass: 'ok  ', warn: 'warn', fail: 'FAIL' };
const STYLES: Readonly<Record<Status, Style>> = { pass: 'green', warn: 'yellow', fail: 'red' };

function show({ checks, summary }: Report, ui: Ui): void {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const signs = ui.screen?.unicode === false ? WORDS : SIGNS;
  const known = new Map<string, string>();
  ui.print(
    ...checks.flatMap((check) => {
      const { name, hint } = check;
      const first = hint === undefined ? undefined : known.get(hint);
      if (hint !== undefined && first === undefined) known.set(hint, name);
      // What is cured by the same is told so, and the cure once.
      return lines(
        first === undefined ? check : { ...check, hint: `the same as for ${first}` },
        width,
        signs,
      );
    }),
  );
  ui.print('', `${summary.passed} passed, ${summary.warned} warned, ${summary.failed} failed`);
}

function lines({ name, status, detail, hint }: Finding, width: number, signs: typeof SIGNS): Line[] {
  const margin = ' '.repeat(columnsOf(signs[status]) + width + 3);
  const [first = '', ...further] = detail.split('\n');
  return [
    { first: [`${signs[status]} `, styled(STYLES[status], name.padEnd(width)), '  '], second: first },
    ...further.map((line) => ({ first: margin, second: line })),
    ...(hint ?? '')
      .split('\n')
      .filter(Boolean)
      .map((line) => ({ first: margin, second: styled('dim', `hint: ${line}`) })),
  ];
}
