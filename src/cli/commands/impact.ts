// keyturn impact: what a step does to everything that is signed, and what it does not touch.
import type { Impact, Step } from '../../rotation/impact.js';
import { unusedInWords, withoutUnused } from '../../rotation/unused.js';
import { alikeRows, HAPPENS_TO, IMPACT_HEAD, impactRows } from '../../words/impact.js';
import { refusal, stepInWords } from '../../words/steps.js';
import { iso, moment } from '../../words/time.js';
import type { Command, Context } from '../command.js';
import { type Line, styled } from '../line.js';
import { openRotation } from '../open.js';
import { wrongUsage } from '../stop.js';
import { markdownTable, padded, table } from '../words/layout.js';

const USAGE = '[rotate | retire KID | revoke KID] [--markdown]';

export const impact: Command = {
  usage: USAGE,
  about: [
    'Says what a step does to every purpose: what is signed, where it is kept, how long it is valid,',
    'what happens to it and what users notice; and what is not affected at all. Changes nothing. It',
    'is made from the registry that the waits are computed from, so it stays true.',
  ],
  options: [{ name: 'markdown', about: 'print it for a page in Markdown' }],
  words: ['[STEP]', '[KID]'],
  run: async (context) => {
    const { json, has, ui } = context;
    const step = readStep(context.words);
    if (json && has('markdown')) throw wrongUsage('--json and --markdown exclude each other', 'choose one');
    const rotation = await openRotation(context);
    const found = await rotation.impact(step);
    if (json)
      ui.json({ ...found, kid: found.kid ?? null, safeAt: iso(found.safeAt), unused: found.unused ?? null });
    else if (has('markdown')) ui.print(...markdown(found));
    else show(found, context);
    return 0;
  },
};

function readStep([name = 'rotate', kid]: readonly string[]): Step {
  if (name !== 'rotate' && name !== 'retire' && name !== 'revoke') {
    throw wrongUsage('unknown step', `write keyturn impact ${USAGE}`);
  }
  if (name === 'rotate') {
    if (kid !== undefined) throw wrongUsage('too many words', 'write keyturn impact rotate');
    return { step: name };
  }
  if (kid === undefined) throw wrongUsage('KID is missing', `write keyturn impact ${name} KID`);
  return { step: name, kid };
}

function show(found: Impact, { ui, machine }: Context): void {
  const [head = '', ...body] = table(IMPACT_HEAD, impactRows(found));
  const { step, kid, safeAt, unused } = found;
  ui.print(
    styled('bold', `what ${kid === undefined ? step : `${step} ${kid}`} does`),
    '',
    { plain: [head, ...body], onScreen: () => entries(found) },
    '',
    styled('bold', 'not affected:'),
    ...found.notAffected.map((line) => `  ${line}`),
    ...(found.stillAccepted.length === 0
      ? []
      : ['', styled('bold', 'accepted all the same:'), ...found.stillAccepted.map((line) => `  ${line}`)]),
  );
  if (unused !== undefined) ui.note(`${unusedInWords(unused)}; ${withoutUnused(unused)}`);
  if (safeAt !== undefined)
    ui.note(refusal(stepInWords('retire', kid), { until: moment(safeAt, machine.now()) }).replace(/\.$/, ''));
}

/** What happens first, which is what one looks for, and once; below it all that it happens to. */
function entries(found: Impact): readonly Line[] {
  const width = Math.max(...found.rows.map(({ purpose }) => purpose.length));
  return alikeRows(impactRows(found), HAPPENS_TO).flatMap((rows): readonly Line[] => {
    const [, , , , happens, notice = ''] = rows[0] ?? [];
    const noticed = notice === 'nothing' ? 'users notice nothing' : `users notice: ${notice}`;
    return [
      { first: '', second: `${happens}; ${noticed}` },
      ...rows.map(
        ([purpose = '', about, kept, valid]): Line => ({
          first: ['  ', styled('bold', padded(purpose, width)), '  '],
          second: styled('dim', `${about}; ${kept}; valid for ${valid}`),
        }),
      ),
    ];
  });
}

function markdown(found: Impact): string[] {
  const body = impactRows(found).map(([purpose, ...rest]) => [`\`${purpose}\``, ...rest]);
  return [
    ...markdownTable(IMPACT_HEAD, body),
    '',
    'Not affected:',
    '',
    ...found.notAffected.map((line) => `- ${line}`),
    ...(found.stillAccepted.length === 0
      ? []
      : ['', 'Accepted all the same:', '', ...found.stillAccepted.map((line) => `- ${line}`)]),
  ];
}
