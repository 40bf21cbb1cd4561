// The first screen of README: what a newcomer sees before scrolling.
import { expect, test } from 'vitest';
import { read } from './blocks.js';

const FIRST_SCREEN = [
  'Change your session secret without signing anyone out.',
  '<picture>',
  'docs/pictures/rotation-light.png',
  'the secret swapped on three replicas',
  '`keyturn rotate --wait`',
  'npx keyturn demo',
  'npm install keyturn',
  "import keyturn from 'keyturn/express'",
  'docs/getting-started/express.md',
  'Already on express-session, Auth.js or better-auth? Keep it.',
  'npx keyturn adopt',
];

test('has all that a newcomer asks for within 40 lines, in this order', () => {
  const screen = read('README.md').split('\n').slice(0, 40).join('\n');
  const places = FIRST_SCREEN.map((text) => screen.indexOf(text));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((one, other) => one - other));
});
