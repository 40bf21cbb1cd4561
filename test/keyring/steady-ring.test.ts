// The ring in force where nothing takes its place: what is scheduled comes into force all the same, and is told.
import { expect, test } from 'vitest';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { LiveKeyring } from '../../src/keyring/live.js';
import { SteadyRing } from '../../src/keyring/steady-ring.js';
import { OTHER_SECRET, ringOf, SECRET } from '../support/keyturn.js';

const NOW = Date.UTC(2026, 5, 1);
const kid = (secret: string) => new Material(secret).kid;
const planned = new Keyring([
  new Key(new Material(SECRET), 'active'),
  new Key(new Material(OTHER_SECRET), 'staged', { scheduledFor: NOW + 1000 }),
]);

function planOf(ring: Keyring | undefined = planned) {
  const clock = { now: NOW };
  const steady = new SteadyRing(ring, () => clock.now);
  const told: (readonly [string, string | undefined])[] = [];
  const stop = steady.onChange((current, former) => told.push([current.active.id, former?.active.id]));
  return { clock, steady, told, stop };
}

test('a scheduled key signs from its moment on, and that is told once', () => {
  const { clock, steady, told } = planOf();
  clock.now += 999;
  expect(steady.current.active.id).toBe(kid(SECRET));
  expect(told).toEqual([]);
  clock.now += 1;
  expect(steady.current.active.id).toBe(kid(OTHER_SECRET));
  expect(steady.found).toBe(planned);
  clock.now += 1000;
  expect(steady.current.get(kid(SECRET))?.state).toBe('retiring');
  expect(told).toEqual([[kid(OTHER_SECRET), kid(SECRET)]]);
});

test('whoever has stopped listening hears nothing', () => {
  const { clock, steady, told, stop } = planOf();
  stop();
  clock.now += 1000;
  expect(steady.current.active.id).toBe(kid(OTHER_SECRET));
  expect(told).toEqual([]);
});

test('a plan whose moment is over at the start is in force at once', () => {
  const steady = new SteadyRing(planned, () => NOW + 1000);
  expect(steady.current.active.id).toBe(kid(OTHER_SECRET));
});

test('without a ring nothing is there, and it is no ring that cannot be missed', () => {
  const { steady } = planOf(ringOf([SECRET, 'active']));
  expect([steady.fresh, steady.stopped, steady.found?.live.length]).toEqual([true, undefined, 1]);
  expect(() => steady.requireFresh()).not.toThrow();
  const none = new SteadyRing(undefined, () => NOW);
  expect([none.fresh, none.found]).toEqual([false, undefined]);
  expect(() => none.current).toThrow('no keyring');
});

test('what gives way is from then on what it gives way to', () => {
  const { steady, told } = planOf(ringOf([SECRET, 'active']));
  const clock = { now: NOW };
  const heir = new LiveKeyring(ringOf([SECRET, 'active']), () => clock.now);
  steady.giveWayTo(heir);
  heir.replace(ringOf([OTHER_SECRET, 'active'], [SECRET, 'retiring']));
  expect(steady.current).toBe(heir.current);
  expect(steady.found).toBe(heir.found);
  expect(told).toEqual([[kid(OTHER_SECRET), kid(SECRET)]]);
  heir.holdUntil({ now: 0, monotonic: 0 });
  expect(steady.fresh).toBe(false);
  expect(() => steady.requireFresh()).toThrow(expect.objectContaining({ code: 'keyring_unavailable' }));
});

test('why nothing is signed is told by what it gave way to', () => {
  const { steady } = planOf(ringOf([SECRET, 'active']));
  const heir = new LiveKeyring(
    new Keyring([new Key(new Material(SECRET), 'active')], { id: 'ring', generation: 1 }),
    () => NOW,
  );
  steady.giveWayTo(heir);
  expect(steady.stopped).toBeUndefined();
  const other = new Keyring([new Key(new Material(OTHER_SECRET), 'active')], {
    id: 'other',
    generation: 1,
    replaces: ['ring'],
  });
  expect(() => heir.replace(other)).toThrow();
  expect(steady.stopped?.code).toBe('keyring_unavailable');
});
