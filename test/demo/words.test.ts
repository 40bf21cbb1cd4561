// What keyturn demo says: the picture that is drawn at a terminal, and what came of it.
import { expect, test } from 'vitest';
import { type Line, unbroken } from '../../src/cli/line.js';
import { picture, summary } from '../../src/cli/words/demo.js';
import { type DemoResult, isConvincing } from '../../src/demo/demo.js';
import type { Scene } from '../../src/demo/scene.js';

const OLD = 'AAAAAAAA';
const NEW = 'BBBBBBBB';
const COUNTED = { signedOut: 0, times: 0, expired: 0, pages: 900, unserved: 0 };
const KNOWS_BOTH = { signs: OLD, verifies: [NEW, OLD] };

const SCENE: Scene = {
  elapsed: 65_000,
  replicas: [
    { name: 'a', doing: 'serves', pid: 4_194_303, keys: KNOWS_BOTH },
    { name: 'b', doing: 'starts', pid: 12, keys: KNOWS_BOTH },
    { name: 'c', doing: 'stands still', pid: 13, keys: { signs: OLD, verifies: [OLD] } },
  ],
  visitors: 200,
  signedIn: 200,
  counted: COUNTED,
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
  console: `http://127.0.0.1:65535/open/${'x'.repeat(43)}`,
};

const SCREEN = { unicode: false };
const partsOf = (lines: readonly Line[]) => lines.map((line) => unbroken(line).parts);
const textOf = (lines: readonly Line[]) =>
  partsOf(lines).map((parts) => parts.map((part) => (typeof part === 'string' ? part : part.text)).join(''));
const colourOf = (lines: readonly Line[], text: string) =>
  partsOf(lines)
    .flat()
    .flatMap((part) => (typeof part !== 'string' && part.text.includes(text) ? [part.style] : []))[0];

test('the picture of three replicas fits a terminal of 80 columns and 24 rows', () => {
  const lines = textOf(picture(SCENE, SCREEN));
  expect(lines.length).toBeLessThan(24);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  expect(lines.find((line) => line.startsWith('a '))).toMatch(/4194303 +AAAAAAAA +BBBBBBBB, AAAAAAAA$/);
  expect(lines.find((line) => line.startsWith('b '))).toMatch(/12 +starts$/);
  expect(lines.find((line) => line.startsWith('c '))).toMatch(/13 +AAAAAAAA +AAAAAAAA +stands still$/);
  expect(lines.find((line) => line.startsWith('signed with AAAAAAAA'))).toMatch(/ #{33}-{11} +150$/);
  for (const said of [
    '1:05',
    '7. A step',
    '$ keyturn promote',
    'error: not yet',
    'And that.',
    'look: this.',
    'waiting: a replica',
  ])
    expect(lines.join('\n')).toContain(said);
});

test('who was signed out is red, and green while nobody was', () => {
  expect(colourOf(picture(SCENE, SCREEN), '0 of 200 visitors')).toBe('green');
  const some = picture({ ...SCENE, counted: { ...COUNTED, signedOut: 3, times: 5, expired: 2 } }, SCREEN);
  expect(colourOf(some, '3 of 200 visitors')).toBe('red');
  expect(textOf(some).join('\n')).toContain('3 of 200 visitors, 5 times; too late: 2');
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
    { step: 'promote', refused: 'replica_behind', because: 'c' },
    { step: 'promote', refused: null, because: null },
  ],
};

test('the summary has a row for each run, and what was no fault of a rotation', () => {
  const said = textOf(summary({ ...RESULT, withKeyturn: { ...COUNTED, expired: 4, unserved: 1 } }));
  expect(said).toContain('the secret swapped on three replicas:   200 of 200 visitors signed out');
  expect(said).toContain('keyturn rotate --wait:                  0 of 200 visitors signed out');
  expect(said.join('\n')).toContain('sign in again 312 times');
  expect(said.join('\n')).toContain('4 sessions ended by themselves');
  expect(said.join('\n')).toContain('1 visit got no page');
});

test('it convinces when somebody was signed out by hand and nobody by Keyturn', () => {
  expect(isConvincing(RESULT)).toBe(true);
  expect(isConvincing({ ...RESULT, byHand: COUNTED })).toBe(false);
  expect(isConvincing({ ...RESULT, withKeyturn: { ...COUNTED, signedOut: 1, times: 1 } })).toBe(false);
});
