// What keyturn demo says: the picture that is drawn at a terminal, and what came of it.
import { expect, test } from 'vitest';
import { broken, columnsOf, type Line, rowsOf, unbroken } from '../../src/cli/line.js';
import type { Screen } from '../../src/cli/screen.js';
import { besideLines, demoOver, picture, summary } from '../../src/cli/words/demo.js';
import { type DemoResult, isConvincing } from '../../src/demo/demo.js';
import type { Scene, Step } from '../../src/demo/scene.js';

const OLD = 'AAAAAAAA';
const NEW = 'BBBBBBBB';
const COUNTED = { signedOut: 0, times: 0, expired: 0, pages: 900, unserved: 0 };
const KNOWS_BOTH = { signs: OLD, verifies: [NEW, OLD] };

const SCENE: Scene = {
  elapsed: 65_000,
  replicas: [
    { name: 'replica-a', doing: 'serves', pid: 4_194_303, keys: KNOWS_BOTH },
    { name: 'replica-b', doing: 'starts', pid: 12, keys: KNOWS_BOTH },
    { name: 'replica-c', doing: 'stands still', pid: 13, keys: { signs: OLD, verifies: [OLD] } },
  ],
  visitors: 200,
  signedIn: 200,
  byHand: { ...COUNTED, signedOut: 200, times: 312 },
  withKeyturn: COUNTED,
  sessionsByKey: new Map([
    [NEW, 50],
    [OLD, 150],
  ]),
  step: {
    run: 'with-keyturn',
    title: 'A step',
    command: 'keyturn promote',
    says: ['It says this.', 'And that.'],
    refusal: { message: 'not yet', hint: 'wait' },
    look: 'this.',
  },
  stepNumber: 7,
  waitsFor: 'a replica',
  console: { link: `http://127.0.0.1:65535/open/${'x'.repeat(43)}` },
  isThrough: false,
  isOver: false,
};

const SCREEN: Screen = { width: 80, height: 24, unicode: false };
const partsOf = (lines: readonly Line[]) => lines.map((line) => unbroken(line).parts);
const textOf = (lines: readonly Line[]) =>
  partsOf(lines).map((parts) => parts.map((part) => (typeof part === 'string' ? part : part.text)).join(''));
const colourOf = (lines: readonly Line[], text: string) =>
  partsOf(lines)
    .flat()
    .flatMap((part) => (typeof part !== 'string' && part.text.includes(text) ? [part.style] : []))[0];

test('the picture of three replicas says all on a terminal of 80 columns and 24 rows', () => {
  const lines = textOf(picture(SCENE, SCREEN));
  expect(lines.find((line) => line.startsWith('replica-a '))).toMatch(
    / 4194303 +AAAAAAAA +BBBBBBBB, AAAAAAAA$/,
  );
  expect(lines.find((line) => line.startsWith('replica-b '))).toMatch(/ 12 +starts$/);
  expect(lines.find((line) => line.startsWith('replica-c '))).toMatch(
    / 13 +AAAAAAAA +AAAAAAAA +stands still$/,
  );
  expect(lines.find((line) => line.startsWith('signed with AAAAAAAA'))).toMatch(/ #{33}-{11} +150$/);
  for (const said of [
    '1:05',
    'signed out by hand        200 of 200 visitors, 312 sign-outs',
    'signed out with Keyturn   0 of 200 visitors',
    '7. A step',
    '$ keyturn promote',
    'error: not yet',
    'And that.',
    'look: this.',
    'waiting: a replica',
  ])
    expect(lines.join('\n')).toContain(said);
  // Where it stays while steps of any height follow each other.
  expect(lines[2]).toMatch(/^http:/);
});

const LONG: Step = {
  run: 'with-keyturn',
  title: 'A new key is staged, and one replica does not hear of it at all',
  command: 'keyturn rotate --wait',
  says: Array.from({ length: 3 }, () => 'a sentence that is as long as one of them may be '.repeat(2).trim()),
  refusal: { message: 'one of many words '.repeat(9).trim(), hint: 'what to do '.repeat(14).trim() },
  look: 'the countdown: it is computed from how long sessions live, and is not a guess.',
};

test.each([
  [80, 24],
  [60, 20],
  [60, 12],
])('at %i x %i every row fits, and what to look at is there', (width, height) => {
  const screen = { width, height, unicode: true };
  for (const scene of [SCENE, { ...SCENE, step: LONG, waitsFor: 'safe in 17 s (20:18:03 UTC)' }]) {
    const rows = picture(scene, screen).flatMap((line) => broken(line, width));
    expect(rows.reduce((sum, row) => sum + rowsOf(row, width), 0)).toBeLessThanOrEqual(height);
    const texts = textOf(rows);
    for (const text of texts)
      if (!text.startsWith('http:')) expect(columnsOf(text), text).toBeLessThanOrEqual(width);
    for (const said of ['signed out by hand', 'signed out with Keyturn', '7. ', 'look: ', 'waiting: '])
      expect(texts.join('\n')).toContain(said);
  }
});

test('a step that is longer than any loses its last words first', () => {
  const texts = textOf(picture({ ...SCENE, step: LONG }, { ...SCREEN, height: 18 }));
  expect(texts.join('\n')).toContain('signed out by hand');
  expect(texts.join('\n')).toContain('look: the countdown');
  expect(texts.join('\n')).not.toContain('hint: ');
});

test('the console is promised before it is there, and gone when all is over', () => {
  const early = { ...SCENE, console: 'comes', withKeyturn: undefined } as const;
  const said = textOf(picture(early, SCREEN)).join('\n');
  expect(said).toContain('a link to the console in a browser follows, when the keyring is there');
  expect(said).toMatch(/signed out with Keyturn +comes second/);
  const over = textOf(picture({ ...SCENE, console: undefined, isOver: true }, SCREEN)).join('\n');
  expect(over).not.toMatch(/http:|Ctrl-C/);
  expect(textOf(picture({ ...SCENE, console: undefined }, SCREEN)).join('\n')).not.toContain('console');
});

test('keys of sessions are compared where there are several', () => {
  const one = { ...SCENE, sessionsByKey: new Map([[OLD, 200]]) };
  expect(textOf(picture(one, SCREEN)).join('\n')).not.toContain('#');
});

test('in the console nobody is signed out so far, and it is no merit before all is over', () => {
  const rows = (scene: Scene) =>
    besideLines(scene)
      .filter(({ name }) => name.startsWith('Signed out'))
      .map(({ text, isGood }) => [text, isGood]);
  expect(rows(SCENE)).toEqual([
    ['200 of 200 visitors', false],
    ['0 of 200 visitors so far', undefined],
  ]);
  expect(rows({ ...SCENE, isThrough: true })[1]).toEqual(['0 of 200 visitors', true]);
  const harmed = { ...COUNTED, signedOut: 1, times: 1 };
  expect(rows({ ...SCENE, withKeyturn: harmed })[1]).toEqual(['1 of 200 visitors so far', false]);
});

test('when it is over the console says what came of it', () => {
  expect(demoOver({ ...SCENE, isThrough: true })).toEqual({
    title: 'The demo is over',
    message: 'The demo is over. Signed out by hand: 200 of 200 visitors. With Keyturn: 0 of 200.',
  });
  for (const scene of [SCENE, undefined])
    expect(demoOver(scene).message).toBe('The demo was ended before it was through.');
});

test('who was signed out is red, and green while nobody was', () => {
  expect(colourOf(picture(SCENE, SCREEN), '0 of 200 visitors')).toBe('red');
  const some = { ...SCENE, byHand: { ...COUNTED, signedOut: 3, times: 5, expired: 2 } };
  expect(colourOf(picture(some, SCREEN), '3 of 200 visitors')).toBe('red');
  expect(colourOf(picture({ ...SCENE, byHand: COUNTED }, SCREEN), '0 of 200 visitors')).toBe('green');
  expect(textOf(picture(some, SCREEN)).join('\n')).toContain('3 of 200 visitors, 5 sign-outs; too late: 2');
});

const RESULT: DemoResult = {
  store: 'document',
  visitors: 200,
  sessionLife: 20,
  maxLag: 5,
  took: 100,
  byHand: { ...COUNTED, signedOut: 200, times: 312 },
  withKeyturn: COUNTED,
  taken: [
    { step: 'promote', refused: 'replica_behind', because: 'replica-c' },
    { step: 'promote', refused: null, because: null },
  ],
};

test('the summary has a row for each run, and what was no fault of a rotation', () => {
  const said = textOf(summary({ ...RESULT, withKeyturn: { ...COUNTED, expired: 4, unserved: 1 } }));
  expect(said).toContain('the secret swapped on three replicas:   200 of 200 visitors signed out');
  expect(said).toContain('keyturn rotate --wait:                  0 of 200 visitors signed out');
  expect(said.join('\n')).toContain('sign in again 312 times');
  const from = said.indexOf('Keyturn took these steps. It refused 1 step that would have been too early:');
  expect(said.slice(from + 1, from + 3)).toEqual([
    '  keyturn promote   refused, because of replica-c',
    '  keyturn promote   done',
  ]);
  expect(said).toContain('In your app: npx keyturn init, then npx keyturn rotate --wait');
  expect(said.at(-1)).toMatch(/^https:/);
  expect(said.join('\n')).toContain('4 sessions ended by themselves');
  expect(said.join('\n')).toContain('1 visit got no page');
});

test('it convinces when somebody was signed out by hand and nobody by Keyturn', () => {
  expect(isConvincing(RESULT)).toBe(true);
  expect(isConvincing({ ...RESULT, byHand: COUNTED })).toBe(false);
  expect(isConvincing({ ...RESULT, withKeyturn: { ...COUNTED, signedOut: 1, times: 1 } })).toBe(false);
});
