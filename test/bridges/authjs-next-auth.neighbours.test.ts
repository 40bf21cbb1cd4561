import { describe, expect, test } from 'vitest';
import * as authjs from './apps/authjs.mjs';
import * as nextAuth from './apps/next-auth.mjs';
import { lifeOf, lostAt, nobodyLost, type StepSeen } from './life.js';
import { everybodyMoved, type Moved, moveIn } from './moving.js';
import { neighbour } from './neighbours.js';

/** A session in a database has nothing of a key, and no step ends it. */
const signedInAlways = (seen: readonly StepSeen[]): readonly StepSeen[] =>
  seen.map((one) => ({ ...one, signedIn: true }));

const alsoAbsent = (moved: Moved): Moved => ({ ...moved, after: { ...moved.after, absent: true } });

const LIBRARIES = [
  {
    section: 'authjs',
    apps: authjs,
    // Its list of secrets is for what is encrypted; every change of it loses open forms, and links in e-mails.
    alone: ['stage', 'promote', 'rollback', 'promote again', 'retire', 'revoke'],
  },
  { section: 'next-auth', apps: nextAuth, alone: ['promote', 'rollback', 'promote again', 'revoke'] },
];

describe.each(LIBRARIES)('$section', ({ section, apps, alone }) => {
  describe('with the session in the cookie', () => {
    test('beside Keyturn nobody is signed out before a key is revoked', async () => {
      const library = await apps.app(neighbour);
      expect(await lifeOf(library, true)).toEqual(nobodyLost(library));
    });

    test('the move from the old secret signs nobody out', async () => {
      const library = await apps.app(neighbour);
      expect(await moveIn(library, section)).toEqual(everybodyMoved(library));
    });

    test('alone it signs people out, or loses what they have begun', async () => {
      expect(lostAt(await lifeOf(await apps.app(neighbour), false))).toEqual(alone);
    });
  });

  describe('with the session in a database', () => {
    test('beside Keyturn nothing is lost before a key is revoked', async () => {
      const library = await apps.databaseApp(neighbour);
      expect(await lifeOf(library, true)).toEqual(signedInAlways(nobodyLost(library)));
    });

    test('the move from the old secret loses nothing', async () => {
      const library = await apps.databaseApp(neighbour);
      expect(await moveIn(library, section)).toEqual(alsoAbsent(everybodyMoved(library)));
    });
  });
});
