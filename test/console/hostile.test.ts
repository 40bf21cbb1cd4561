// What comes from outside never becomes markup: names of replicas and their reports, purposes, users, reasons, libraries,
// findings, errors and what was typed. Whatever it is, the page has the elements that it has for harmless text.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { offeredSteps } from '../../src/console/offered-steps.js';
import {
  doctorPage,
  historyPage,
  impactPage,
  messagePage,
  overviewPage,
  purposesPage,
  stepPage,
  stepsPage,
} from '../../src/console/pages/index.js';
import { countsOf, DAY, frameOf, HOUR, kidAt, MID_ROTATION, NOW, world } from './made.js';
import { type Element, elementsIn, expectSound } from './read-html.js';

/** Every page, with one text wherever one comes from outside. */
async function pagesWith(text: string): Promise<readonly Element[]> {
  const at = { verifiedAt: NOW, signed: 0, signedAt: 0, verified: 1 };
  const { view, impact, history } = await world({
    ...MID_ROTATION,
    replicas: [
      { instance: text, source: text, degraded: text, uses: [{ kid: kidAt(1), purpose: text, ...at }] },
      { instance: `2${text}`, generation: 11, fingerprint: text, verifies: [] },
      { instance: `3${text}`, ring: text, source: text, profile: text },
      { instance: `4${text}`, at: NOW - HOUR },
    ],
    movingIn: [{ name: text, phases: [text], until: NOW + DAY, seen: 1, seenAt: NOW, since: NOW }],
  });
  const frame = frameOf({ app: text, visitor: { who: text, mayAct: true } });
  const counts = countsOf('day', () => [[kidAt(1), text, 3]]);
  const revoke = impact({ step: 'revoke', kid: kidAt(1) });
  const rows = revoke.rows.map((row) => ({ ...row, purpose: text, about: text, state: text, sees: text }));
  const told = { ...revoke, rows, stillAccepted: [text], notAffected: [text] };
  const problem = { message: text, hint: text };
  const offered = offeredSteps(view).find(({ step, kid }) => step === 'revoke' && kid === kidAt(1));
  if (offered === undefined) throw new Error('a key can always be revoked');
  const line = { at: NOW, what: text, kid: text, who: text, why: text, gone: [text] };
  const report = {
    summary: { passed: 0, warned: 0, failed: 1 },
    checks: [{ name: text, status: 'fail', detail: text, hint: text }],
  } as const;
  const csrf = { field: '_csrf', token: () => text };
  return [
    overviewPage(frame, { view, span: 'day', counts, beside: [{ name: text, text }] }),
    overviewPage(frame, {
      view: { ...view, status: { ...view.status, silence: text } },
      span: 'day',
      counts: undefined,
    }),
    purposesPage(frame, { view, impact: told }),
    impactPage(frame, { view, impact: told, problem }),
    doctorPage(frame, { view, report }),
    historyPage(frame, { view, history: [...history, line] }),
    stepsPage(frame, { view, done: { step: 'promote', kid: text } }),
    stepPage(frame, { view, offered, impact: told, csrf, problem, typed: { why: text } }),
    messagePage(frame, { title: text, message: text, hint: text }),
  ].map(expectSound);
}

/** Classes apart: a sentence that is long is written smaller. */
function shapeOf(page: Element): readonly string[] {
  return elementsIn(page).map(({ name, attributes }) =>
    [name, ...[...attributes.keys()].filter((one) => one !== 'class')].join(' '),
  );
}

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</title></svg></table></main><script>',
  '&lt;script&gt; &amp; &#60;',
  'javascript:alert(1)',
  '<!--',
  ']]><![CDATA[',
  '\u202egnp.exe\u2066',
  '\u0001253402300800000\u0001',
  '\u0001999999999999999\u0001',
];

test('known attacks leave every page as it is', async () => {
  const shapes = (await pagesWith('harmless')).map(shapeOf);
  for (const text of HOSTILE) {
    const found = (await pagesWith(text)).map(shapeOf);
    // A forged moment becomes a countdown, which is an element more, and nothing else.
    const isMoment = text.startsWith('\u0001');
    const strip = (shape: readonly string[]) =>
      shape.filter((name) => name !== 'time datetime data-countdown');
    expect(isMoment ? found.map(strip) : found, text).toEqual(isMoment ? shapes.map(strip) : shapes);
  }
});

test('whatever the text is', async () => {
  const shapes = (await pagesWith('harmless')).map(shapeOf);
  // Findings and errors may have several lines, each a paragraph; an empty text may be left out.
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .map((one) => `x${one.replace(/[\n\u0001]/g, ' ')}`)
    .filter((one) => !one.includes(kidAt(0)) && !one.includes(kidAt(1)) && !one.includes(kidAt(2)));
  await fc.assert(
    fc.asyncProperty(text, async (one) => {
      expect((await pagesWith(one)).map(shapeOf)).toEqual(shapes);
    }),
    { numRuns: 12 },
  );
});
