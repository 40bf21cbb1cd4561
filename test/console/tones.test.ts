// Red is what signs somebody out, or stops every step until it is put right; amber is what only has to wait. It is the same
// in the sentence, in the rows of keys and replicas, and among the findings.
import { expect, test } from 'vitest';
import { overviewPage } from '../../src/console/pages/index.js';
import { frameOf, LATE, type Made, MID_ROTATION, world } from './made.js';
import { classesOf, elementsIn, expectSound } from './read-html.js';

const RED = ['alarm', 'stopped', 'bad', 'fail'];
const AMBER = ['wait', 'held', 'odd', 'warn'];

async function tonesOf(made: Made): Promise<readonly string[]> {
  const { view } = await world(made);
  const page = expectSound(overviewPage(frameOf(), { view, span: 'day', counts: undefined }));
  const classes = elementsIn(page).flatMap(classesOf);
  return [...RED, ...AMBER].filter((name) => classes.includes(name));
}

const why = 'Redis does not answer';

test('a store that cannot be asked stops every step: red everywhere', async () => {
  expect(await tonesOf({ ...MID_ROTATION, from: 'shared', replicas: [], silence: why })).toEqual([
    'alarm',
    'stopped',
  ]);
});

test('a replica that is degraded goes on with the last good keyring: amber everywhere', async () => {
  const tones = await tonesOf({ ...MID_ROTATION, replicas: [{}, { degraded: why }] });
  expect(tones).toEqual(['odd', 'warn']);
});

test('so is one that is late', async () => {
  const late = { ...LATE, verifies: [] };
  const tones = await tonesOf({ ...MID_ROTATION, replicas: [{}, late] });
  expect(tones.filter((tone) => RED.includes(tone))).toEqual([]);
  expect(tones).toEqual(expect.arrayContaining(['wait', 'held', 'odd']));
});

test('one that stops every step is red, and one that is degraded beside it stays amber', async () => {
  const tones = await tonesOf({ ...MID_ROTATION, replicas: [{ profile: 'dev' }, { degraded: why }] });
  expect(tones).toEqual(['alarm', 'stopped', 'bad', 'odd', 'warn']);
});
