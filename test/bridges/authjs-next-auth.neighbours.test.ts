import { describe, expect, test } from 'vitest';
import * as authjs from './apps/authjs.mjs';
import * as nextAuth from './apps/next-auth.mjs';
import { lifeOf, nobodyLost } from './life.js';
import { everybodyMoved, type MoveSeen, moveOf } from './move.js';
import { neighbour } from './neighbours.js';

const alsoAbsent = (moved: MoveSeen): MoveSeen => ({
  ...moved,
  after: { signedIn: true, onlyAlone: true, onlyBeside: true },
});

const LIBRARIES = [
  { section: 'authjs', apps: authjs },
  { section: 'next-auth', apps: nextAuth },
];

describe.each(LIBRARIES)('$section', ({ section, apps }) => {
  describe('with the session in the cookie', () => {
    test('the move from the old secret signs nobody out', async () => {
      const library = await apps.app(neighbour);
      expect(await moveOf(library, { section })).toEqual(everybodyMoved(library));
    });
  });

  describe('with the session in a database', () => {
    test('beside Keyturn nothing is lost before a key is revoked, and nobody is signed in after', async () => {
      const library = await apps.databaseApp(neighbour);
      expect(await lifeOf(library, true)).toEqual(nobodyLost(library));
    });

    test('the move from the old secret loses nothing', async () => {
      const library = await apps.databaseApp(neighbour);
      expect(await moveOf(library, { section })).toEqual(alsoAbsent(everybodyMoved(library)));
    });
  });
});
