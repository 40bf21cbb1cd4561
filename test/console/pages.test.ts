// What the pages of the console say, from made facts: somebody who has never seen the project has to find the answers.
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  doctorPage,
  historyPage,
  impactPage,
  messagePage,
  overviewLive,
  overviewPage,
  purposesPage,
  SCRIPT,
  STYLE,
  stepsPage,
} from '../../src/console/pages/index.js';
import { clockTime } from '../../src/words/time.js';
import {
  countsOf,
  DAY,
  frameOf,
  HOUR,
  kidAt,
  LATE,
  MID_ROTATION,
  MINUTE,
  NOW,
  SECOND,
  type World,
  world,
} from './made.js';
import {
  classesOf,
  type Element,
  elementsIn,
  expectSound,
  named,
  rowsIn,
  textOf,
  withId,
} from './read-html.js';

/** When the key that retires may go, by the clock of this machine. */
const SAFE = clockTime(NOW + 4 * HOUR + 7 * SECOND, NOW);
const [K0, K1, K2] = [kidAt(0), kidAt(1), kidAt(2)];

function overview({ view }: World, changes: Partial<Parameters<typeof overviewPage>[1]> = {}): Element {
  return expectSound(overviewPage(frameOf(), { view, span: 'day', counts: undefined, ...changes }));
}

function verdictOf(page: Element): readonly [tone: string, text: string] {
  const [found] = elementsIn(page).filter((one) => classesOf(one).includes('verdict'));
  return [classesOf(found as Element).at(-1) ?? '', textOf(found as Element)];
}

/** The part of a page that a heading names. */
function part(page: Element, id: string): Element {
  return withId(page, id).parent?.name === 'div'
    ? (withId(page, id).parent?.parent as Element)
    : (withId(page, id).parent as Element);
}

describe('the first glance', () => {
  test('in the middle of a rotation: which key signs, what may be done when, and whether anybody would notice', async () => {
    const page = overview(await world(MID_ROTATION));
    const [h1] = named(page, 'h1');
    expect(textOf(h1 as Element)).toBe(
      `Key ${K1} signs. 3 of 3 replicas know ${K0}: it can take over now. ${K2} may go at ${SAFE} (in 4 h 1 min). Nobody would be signed out.`,
    );
    expect(textOf(page)).toContain('Ready for the next step');
    expect(textOf(page)).toContain('next: keyturn promote safe to promote now');
  });

  test('a command that is refused as yet is not shown as one to copy', async () => {
    const [, ...after] = MID_ROTATION.keys;
    const page = overview(
      await world({
        ...MID_ROTATION,
        keys: [
          { state: 'active', dates: { active: NOW - HOUR } },
          { state: 'retiring', dates: { retiring: NOW - HOUR } },
          ...after.slice(2),
        ],
      }),
    );
    const [next] = elementsIn(page).filter((one) => classesOf(one).includes('next'));
    expect(textOf(next as Element)).toMatch(/^next: wait, then keyturn retire: safe to retire at /);
    // As the sentence above it: two that count apart would contradict each other.
    const counting = (one: Element) =>
      elementsIn(one).filter(({ attributes }) => attributes.has('data-countdown'));
    expect(counting(next as Element)).toHaveLength(1);
    expect(named(next as Element, 'code').filter((one) => classesOf(one).includes('command'))).toEqual([]);
    const late = overview(
      await world({ ...MID_ROTATION, replicas: [{}, { ...LATE, instance: 'web-late', verifies: [K1, K2] }] }),
    );
    expect(textOf(late)).toContain('next: keyturn rotate --wait waits, and promotes it: not safe to promote');
  });

  test('moments count down, and are right without a script', async () => {
    const page = overview(await world(MID_ROTATION));
    const counting = elementsIn(page).filter(({ attributes }) => attributes.has('data-countdown'));
    expect(counting.map(textOf)).toEqual(['in 4 h 1 min', 'in 4 h 1 min']);
    expect(counting.map(({ attributes }) => attributes.get('datetime'))).toEqual(
      Array.from({ length: 2 }, () => '2026-11-26T18:05:37.000Z'),
    );
  });

  test('what is wrong stands first, once, with what to do', async () => {
    const fork = { generation: 12, mark: 'mark-of-a-stranger'.slice(0, 16), fingerprint: 'BBBBBBBBBBB' };
    const page = overview(await world({ ...MID_ROTATION, replicas: [{}, fork] }));
    const [h1] = named(page, 'h1');
    expect(classesOf(h1?.parent as Element)).toContain('alarm');
    expect(textOf(h1 as Element)).toContain('First make one keyring of both with keyturn import');
    expect(textOf(page).match(/has not come from/g)).toHaveLength(1);
    expect(textOf(page)).toContain('Something is wrong');
  });

  test('colour is never alone: each tone has a word and a sign', async () => {
    const calm = overview(
      await world({ keys: [{ state: 'active', dates: { active: NOW - DAY } }], replicas: [{}] }),
    );
    expect(textOf(calm)).toContain('All is calm');
    const tone = elementsIn(calm).find((one) => classesOf(one).includes('tone'));
    expect(named(tone as Element, 'svg')).toHaveLength(1);
  });

  test('whoever runs the console may say something besides, as the demo does', async () => {
    const beside = [
      { name: 'Signed out by hand', text: '200 of 200 visitors', isGood: false },
      { name: 'Signed out by Keyturn', text: '0 of 200 visitors', isGood: true },
      { name: 'Step 3', text: 'A replica is late' },
    ];
    const page = overview(await world(MID_ROTATION), { beside });
    const [list] = elementsIn(page).filter((one) => classesOf(one).includes('beside'));
    const told = named(list as Element, 'dd').map((one) => [textOf(one), ...classesOf(one)]);
    expect(told).toEqual([
      ['200 of 200 visitors', 'bad'],
      ['0 of 200 visitors', 'good'],
      ['A replica is late', ''],
    ]);
  });

  test('only what is worth it is read aloud', async () => {
    const page = overview(await world(MID_ROTATION));
    const aloud = elementsIn(page).filter(({ attributes }) => attributes.has('aria-live'));
    expect(aloud.map(({ attributes }) => attributes.get('id'))).toEqual(['announce']);
    expect(named(withId(page, 'live'), 'div').some(({ attributes }) => attributes.has('data-change'))).toBe(
      true,
    );
  });

  test('the part that is drawn anew is the same as in the page', async () => {
    const { view } = await world(MID_ROTATION);
    const facts = { view, span: 'day', counts: undefined } as const;
    expect(overviewPage(frameOf(), facts)).toContain(overviewLive(frameOf(), facts));
  });
});

describe('what can have the focus', () => {
  test.each([
    ['in the middle of a rotation', MID_ROTATION],
    ['of thirty keys', thirty()],
    ['of a thousand replicas', thousand()],
  ])('is found again when the page is drawn anew, %s', async (_when, scene) => {
    const page = overview(await world(scene));
    const drawn = withId(page, 'live');
    const focusable = elementsIn(drawn).filter(({ name }) => ['a', 'button', 'summary'].includes(name));
    expect(focusable.length).toBeGreaterThan(1);
    const lost = focusable.filter(
      ({ attributes, parent }) => !attributes.get('id') && !parent?.attributes.get('id'),
    );
    expect(lost.map(textOf)).toEqual([]);
  });
});

describe('the keys', () => {
  test('in the order of a rotation, each with its state, what comes next and who knows it', async () => {
    const page = overview(await world(MID_ROTATION));
    const rows = named(part(page, 'ring'), 'li').map((row) => textOf(row));
    expect(rows).toHaveLength(3);
    expect(rows[0]).toContain(`${K0} staged`);
    expect(rows[0]).toContain('safe to promote now3 of 3 replicas know it');
    expect(rows[1]).toContain(`${K1} signs`);
    expect(rows[1]).toContain('it is not retired while it signs');
    expect(rows[2]).toContain(`${K2} retiring`);
    expect(rows[2]).toContain(`safe to retire in 4 h 1 min, ${SAFE}: `);
    expect(textOf(withId(page, 'older-keys'))).toContain('1 older key: 1 retired');
  });

  test('a rotation of two minutes fills the line', async () => {
    const page = overview(
      await world({
        keys: [
          { state: 'active', dates: { staged: NOW - 30 * SECOND, active: NOW - 14 * SECOND } },
          { state: 'retiring', dates: { active: NOW - 70 * SECOND, retiring: NOW - 14 * SECOND } },
        ],
        lifetime: 20,
        replicas: [{}, {}, {}],
      }),
    );
    const bars = named(part(page, 'ring'), 'rect').map(({ attributes }) => [
      attributes.get('class'),
      Number.parseFloat(attributes.get('width') ?? ''),
    ]);
    expect(bars.map(([name]) => name)).toEqual(['bar staged', 'bar active', 'bar active', 'bar retiring']);
    for (const [, width] of bars) expect(width).toBeGreaterThan(20);
  });

  test('why a wait is as long as it is', async () => {
    const keys = [
      { state: 'staged', dates: { staged: NOW - 2 * SECOND } },
      { state: 'active', dates: { active: NOW - 4 * SECOND } },
      { state: 'retiring', dates: { retiring: NOW - 4 * SECOND } },
    ] as const;
    const page = overview(await world({ keys, lifetime: 20, replicas: [{}] }));
    const rows = named(part(page, 'ring'), 'li').map((row) => textOf(row));
    expect(rows[0]).toMatch(/safe to promote in .*: then every replica has read it/);
    expect(rows[2]).toMatch(
      /safe to retire in .*: tokens of session live up to 20 s, plus \d+ s for late replicas and clocks/,
    );
  });

  test('a purpose that was switched off since is no reason to wait', async () => {
    const lifetimes = { session: 20, invitation: 30 * 86_400 };
    const page = overview(
      await world({
        keys: [
          { state: 'active', dates: { active: NOW - 4 * SECOND } },
          { state: 'retiring', dates: { retiring: NOW - 4 * SECOND }, lifetimes },
        ],
        lifetime: 20,
        replicas: [{}],
        env: { KEYTURN_PURPOSES__BUILTIN: 'session' },
      }),
    );
    const rows = named(part(page, 'ring'), 'li').map((row) => textOf(row));
    expect(rows[1]).toContain(': tokens of session live up to 20 s, plus ');
  });

  test('after a rollback, and forward again, each turn is on the line: dates hold the last one only', async () => {
    const at = (seconds: number) => NOW - seconds * SECOND;
    const page = overview(
      await world({
        keys: [
          { state: 'active', dates: { staged: at(60), active: at(10), retiring: at(20) } },
          { state: 'retiring', dates: { active: at(20), retiring: at(10) } },
        ],
        history: [
          { at: at(60), what: 'stage', kid: K0 },
          { at: at(40), what: 'promote', kid: K0 },
          { at: at(20), what: 'rollback', kid: K1 },
          { at: at(10), what: 'promote', kid: K0 },
        ],
        lifetime: 20,
        replicas: [{}],
      }),
    );
    const rows = named(part(page, 'ring'), 'li').map((row) =>
      named(row, 'rect').map(({ attributes }) => attributes.get('class')?.replace('bar ', '')),
    );
    expect(rows).toEqual([
      ['staged', 'active', 'retiring', 'active'],
      ['active', 'retiring', 'active', 'retiring'],
    ]);
  });

  test('of thirty over two years the last few are drawn, and the others are folded', async () => {
    const page = overview(await world(thirty()));
    expect(named(part(page, 'ring'), 'li').length).toBeLessThan(10);
    expect(textOf(withId(page, 'older-keys'))).toMatch(/^\d+ older keys: \d+ retired/);
    for (const line of named(part(page, 'ring'), 'rect')) {
      const [x, width] = ['x', 'width'].map((name) => Number.parseFloat(line.attributes.get(name) ?? ''));
      expect(x).toBeGreaterThanOrEqual(0);
      expect((x as number) + (width as number)).toBeLessThanOrEqual(100.5);
    }
  });

  test('thirty that all verify: eight stand open', async () => {
    const { keys } = thirty();
    const live = keys.map((key) =>
      key.state === 'active'
        ? key
        : { state: 'retiring' as const, dates: { retiring: key.dates?.retiring ?? NOW } },
    );
    const page = overview(await world({ keys: live, lifetime: 400 * 86_400 }));
    expect(textOf(withId(page, 'more-keys'))).toContain('22 more keys: 22 retiring');
  });

  test('a secret in a variable has no dates, and the page says so', async () => {
    const page = overview(await world({ keys: [{ state: 'active' }], from: 'variable' }));
    expect(textOf(part(page, 'ring'))).toContain('nobody can tell since when a key signs');
    expect(named(part(page, 'ring'), 'svg')).toEqual([]);
  });

  test('one that takes over by itself says when', async () => {
    const page = overview(
      await world({
        keys: [
          { state: 'staged', dates: { staged: NOW - HOUR }, scheduledFor: NOW + 2 * HOUR },
          { state: 'active', dates: { active: NOW - DAY } },
        ],
        replicas: [{}],
      }),
    );
    expect(textOf(part(page, 'ring'))).toContain(`signs by itself in 2 h, ${clockTime(NOW + 2 * HOUR, NOW)}`);
  });
});

describe('the replicas', () => {
  test('who is late, and what it does not know', async () => {
    const page = overview(
      await world({
        ...MID_ROTATION,
        replicas: [{}, { ...LATE, instance: 'web-late', verifies: [K1, K2] }, {}],
      }),
    );
    const [head, ...rows] = rowsIn(part(page, 'replicas'));
    expect(head).toEqual(['Replica', 'Keyring', `Knows ${K0}`, 'Signs with', 'Last report', 'Condition']);
    expect(rows[0]).toEqual(['web-1', 'generation 12, in force', `Knows ${K0}yes`, K1, '1 s ago', 'fine']);
    expect(rows[1]).toEqual([
      'web-late',
      'generation 11, AAAAAAAAAAA',
      `Knows ${K0}not yet`,
      K1,
      '1 s ago',
      'late: not on the keyring in force',
    ]);
    expect(textOf(part(page, 'ring'))).toContain('not safe to promote: unknown to web-late');
  });

  test('one that was given a name is called by it, with its id beside it; a pod by its own', async () => {
    const unit = 'replica-b';
    const late = { ...LATE, instance: 'vm-2-7-aaaa', unit, verifies: [K1, K2] };
    const pod = { unit: '6f0f5a0e-1d5b-4d0c-9b57-0a8b8c1d2e3f' };
    const page = overview(await world({ ...MID_ROTATION, replicas: [pod, late, {}] }));
    expect(rowsIn(part(page, 'replicas')).map(([name]) => name)).toEqual([
      'Replica',
      'web-1',
      'replica-bvm-2-7-aaaa',
      'web-3',
    ]);
    expect(textOf(named(page, 'h1')[0] as Element)).toContain('unknown to replica-b.');
    expect(textOf(part(page, 'problems'))).toContain('replica-b still uses an older keyring');
    const twice = overview(await world({ ...MID_ROTATION, replicas: [{ unit }, { unit }] }));
    expect(rowsIn(part(twice, 'replicas')).map(([name]) => name)).toEqual(['Replica', 'web-1', 'web-2']);
  });

  test('of a thousand only the odd ones are listed', async () => {
    const page = overview(await world(thousand()));
    const replicas = part(page, 'replicas');
    expect(textOf(replicas)).toContain(
      `996 of 1,000 replicas are fine: they hold generation 12 and sign with ${K1}.`,
    );
    expect(textOf(replicas)).toContain(`4 are not: 2 silent, 1 late (without ${K0}), 1 degraded.`);
    expect(rowsIn(replicas).map(([name]) => name)).toEqual([
      'Replica',
      'pod-17',
      'pod-500',
      'pod-803',
      'pod-900',
    ]);
    expect(named(withId(page, 'fine-replicas'), 'li')).toHaveLength(200);
    expect(textOf(withId(page, 'fine-replicas'))).toContain('And 796 more');
  });

  test('of a thousand that are all late some are listed, and nothing names them all', async () => {
    const replicas = Array.from({ length: 1000 }, (_, at) => ({
      ...LATE,
      instance: `pod-${at}`,
      verifies: [K1, K2],
    }));
    const page = overview(await world({ ...MID_ROTATION, replicas }));
    expect(textOf(page)).toContain('0 of 1,000 replicas are fine.');
    expect(textOf(page)).toContain('And 970 more of these');
    expect(textOf(page).length).toBeLessThan(8000);
  });

  test('why there are none', async () => {
    const nowhere = overview(await world({ keys: [{ state: 'active' }], from: 'variable' }));
    expect(textOf(part(nowhere, 'replicas'))).toContain('Processes report beside a keyring document');
    const quiet = overview(await world({ ...MID_ROTATION, replicas: [], silence: 'Redis does not answer' }));
    expect(textOf(part(quiet, 'replicas'))).toContain('Replicas cannot be asked: Redis does not answer.');
    const fresh = overview(await world({ keys: [{ state: 'active', dates: { active: NOW } }] }));
    expect(textOf(part(fresh, 'replicas'))).toContain('No process reports beside the file.');
  });
});

describe('what was accepted', () => {
  const counts = countsOf('day', (share) => [
    [K2, 'session', share < 0.5 ? 10 : 4],
    [K1, 'session', share < 0.5 ? 0 : 6],
    [K1, 'csrf', share < 0.5 ? 0 : 1],
  ]);

  test('in numbers, by purpose and key, and as a share', async () => {
    const page = overview(await world(MID_ROTATION), { counts });
    const sums = counts.counts.reduce<Record<string, number>>((all, { kid, verified }) => {
      all[kid] = (all[kid] ?? 0) + verified;
      return all;
    }, {});
    const rows = rowsIn(part(page, 'verified'));
    const grouped = (number: number) => number.toLocaleString('en-US');
    expect(rows[0]).toEqual(['Purpose', `${K1} signs`, `${K0} staged`, `${K2} retiring`]);
    // Where it is narrow each number names its key.
    expect(rows.at(-1)).toEqual([
      'Total',
      `${K1} signs${grouped(sums[K1] as number)}`,
      `${K0} staged0`,
      `${K2} retiring${grouped(sums[K2] as number)}`,
    ]);
    expect(textOf(part(page, 'verified'))).toContain(
      `${K2} ${grouped(sums[K2] as number)} in the last 24 hours (`,
    );
    expect(textOf(part(page, 'verified'))).toContain('no step is decided by it.');
  });

  test('as bars, each key in its colour, stacked within the picture', async () => {
    const page = overview(await world(MID_ROTATION), { counts });
    const fills = named(part(page, 'verified'), 'path').filter((path) => classesOf(path).includes('fill'));
    expect(new Set(fills.flatMap((path) => classesOf(path).filter((name) => name !== 'part')))).toEqual(
      new Set(['fill', 'active', 'retiring']),
    );
    for (const path of fills) {
      for (const [, y = '', height = ''] of (path.attributes.get('d') ?? '').matchAll(
        /M[\d.]+ (-?[\d.]+)v-([\d.]+)/g,
      )) {
        expect(Number(y)).toBeLessThanOrEqual(100);
        expect(Number(y) - Number(height)).toBeGreaterThanOrEqual(-1);
      }
    }
  });

  test('how far back is chosen by links', async () => {
    const page = overview(await world(MID_ROTATION), { counts });
    const links = named(part(page, 'verified'), 'a').map(({ attributes }) => [
      attributes.get('href'),
      attributes.get('aria-current'),
    ]);
    expect(links).toEqual([
      ['/keyturn/?span=quarter-hour#verified', undefined],
      ['/keyturn/?span=day#verified', 'true'],
      ['/keyturn/?span=month#verified', undefined],
    ]);
  });

  test('what nobody can know is said, with the reason', async () => {
    const nowhere = overview(await world({ keys: [{ state: 'active' }], from: 'variable' }));
    expect(textOf(part(nowhere, 'verified'))).toContain('replicas have nowhere to report what they verify');
    expect(textOf(part(nowhere, 'verified'))).toContain('This page cannot tell which keys');
    const idle = overview(await world(MID_ROTATION), { counts: countsOf('day', () => []) });
    expect(textOf(part(idle, 'verified'))).toContain('No token was verified in the last 24 hours');
  });

  test('keys that the ring has forgotten, and many of them, keep their numbers', async () => {
    const many = countsOf('month', () =>
      Array.from({ length: 12 }, (_, at) => [kidAt(at + 40), 'session', 5] as const),
    );
    const page = overview(await world(MID_ROTATION), { span: 'month', counts: many });
    expect(rowsIn(part(page, 'verified'))[0]?.at(-1)).toBe('Others');
    expect(textOf(part(page, 'verified'))).toMatch(/\d+ other keys: [\d,]+/);
  });
});

describe('the other pages', () => {
  test('purposes: what is signed, where it is kept, what a rotation does, and what moves in', async () => {
    const { view, impact } = await world({
      ...MID_ROTATION,
      movingIn: [
        {
          name: 'express-session',
          phases: ['beside'],
          until: NOW + 40 * DAY,
          seen: 3,
          seenAt: NOW - 3 * HOUR,
          since: undefined,
        },
      ],
      replicas: [
        {
          uses: [
            {
              kid: K1,
              purpose: 'session',
              verified: 3,
              verifiedAt: NOW - 4 * SECOND,
              signed: 0,
              signedAt: 0,
            },
          ],
        },
      ],
    });
    const page = expectSound(purposesPage(frameOf(), { view, impact: impact({ step: 'rotate' }) }));
    const [head, first, ...rest] = rowsIn(page);
    expect(head?.at(-1)).toBe('Last accepted');
    expect(first).toEqual([
      'sessionthe session cookie; in the cookie; valid for at most 7 d',
      'accepted until it expires',
      'nothing',
      '4 s ago',
    ]);
    // The rest share a row: they differ in nothing that is told of them.
    expect(rest).toHaveLength(1);
    const many = named(page, 'ul').flatMap((list) =>
      classesOf(list).includes('purposes') ? [named(list, 'li').length] : [],
    );
    expect(many).toEqual([1, expect.any(Number)]);
    expect(rest[0]?.slice(1)).toEqual([
      `accepted until it expiresthe same for each of these ${many[1]}`,
      'nothing',
      '–',
    ]);
    for (const name of ['csrf', 'url', 'jwt']) expect(rest[0]?.[0]).toContain(name);
    expect(textOf(page)).toContain(
      `express-session: last old cookie seen ${clockTime(NOW - 3 * HOUR, NOW)} (3 h ago); phase beside`,
    );
  });

  test('impact: what would happen if the old key went now', async () => {
    const { view, impact } = await world(MID_ROTATION);
    const ifNow = impact({ step: 'revoke', kid: K2 });
    const told = { view, impact: impact({ step: 'retire', kid: K2 }), ifNow };
    const retire = expectSound(impactPage(frameOf(), told));
    expect(verdictOf(retire)).toEqual([
      'wait',
      `Keyturn refuses to retire ${K2} until ${SAFE} (in 4 h 1 min). If ${K2} were retired now, whoever holds a session of it that has not been renewed would be signed out. Once Keyturn allows it, nobody would be.`,
    ]);
    const [head, ...rows] = rowsIn(retire);
    expect(head?.slice(1)).toEqual(['If retired now', 'What users notice', `From ${SAFE}`]);
    expect(rows.find(([name]) => name?.startsWith('session'))?.slice(1)).toEqual([
      'refused at oncethe same for each of these 2',
      'they are signed out',
      'nothing: none is alive then',
    ]);
    const revoke = expectSound(impactPage(frameOf(), { view, impact: impact({ step: 'revoke', kid: K2 }) }));
    expect(textOf(revoke)).toContain('Whoever holds a session of this key would be signed out at once');
    expect(
      rowsIn(revoke)
        .find(([name]) => name?.startsWith('session'))
        ?.at(-1),
    ).toBe('they are signed out');
    expect(textOf(revoke)).toContain('Not affected');
    const chosen = named(revoke, 'a').filter(({ attributes }) => attributes.get('aria-current') === 'true');
    expect(chosen.map(textOf)).toEqual([`Revoke ${K2}`]);
  });

  test('impact: of many alike the first stand there, and the one that is asked about', async () => {
    const retiring = Array.from({ length: 12 }, (_, nth) => ({
      state: 'retiring' as const,
      dates: { active: NOW - (nth + 2) * HOUR, retiring: NOW - (nth + 1) * HOUR },
    }));
    const many = await world({ keys: [{ state: 'active', dates: { active: NOW - HOUR } }, ...retiring] });
    const asked = { step: 'revoke', kid: kidAt(9) } as const;
    const page = expectSound(impactPage(frameOf(), { view: many.view, impact: many.impact(asked), asked }));
    const [, nav] = named(page, 'nav');
    const [open, folded] = named(nav as Element, 'ul');
    const chosen = named(open as Element, 'a').filter(({ attributes }) => attributes.has('aria-current'));
    expect(chosen.map(textOf)).toEqual([`Revoke ${kidAt(9)}`]);
    expect([named(open as Element, 'a').length, named(folded as Element, 'a').length]).toEqual([11, 16]);
  });

  test('history: fifty lines stand there, and the older ones are folded', async () => {
    const { view } = await world(MID_ROTATION);
    const history = Array.from({ length: 60 }, (_, nth) => ({
      at: NOW - (60 - nth) * HOUR,
      what: 'stage' as const,
      kid: K0,
    }));
    const page = expectSound(historyPage(frameOf(), { view, history }));
    expect(named(page, 'table').map((one) => named(one, 'tr').length)).toEqual([51, 11]);
    expect(textOf(named(page, 'summary')[0] as Element)).toBe('10 older lines');
  });

  test('impact: every step can be asked about, and those of a staged key are not called as those of an old one', async () => {
    const { view, impact } = await world(MID_ROTATION);
    const rotate = impact({ step: 'rotate' });
    const asked = { step: 'promote', kid: K0 } as const;
    const page = expectSound(impactPage(frameOf(), { view, impact: rotate, asked }));
    const links = named(named(page, 'nav')[1] as Element, 'a');
    // No other rotation can be begun meanwhile.
    expect(links.map(textOf)).toEqual([
      `Promote ${K0}`,
      `Roll back to ${K2}`,
      `Retire ${K2}`,
      `Retire ${K0}, which is staged`,
      `Revoke ${K1}`,
      `Revoke ${K2}`,
      `Revoke ${K0}`,
    ]);
    expect(verdictOf(page)).toEqual([
      'calm',
      'Nobody would be signed out, and nothing that is signed would be refused.',
    ]);
    const gone = expectSound(
      impactPage(frameOf(), { view, impact: rotate, asked: { step: 'promote', kid: 'AAAAAAAA' } }),
    );
    expect(textOf(gone)).toContain('The keyring has no such step now.');
  });

  test('impact: with a late replica it is said who is waited for, and nothing is green', async () => {
    const late = { ...LATE, instance: 'web-late', verifies: [K1, K2], signs: K2 };
    const { view, impact } = await world({ ...MID_ROTATION, replicas: [{}, late] });
    const asked = { step: 'promote', kid: K0 } as const;
    const promote = expectSound(impactPage(frameOf(), { view, impact: impact({ step: 'rotate' }), asked }));
    expect(verdictOf(promote)).toEqual([
      'wait',
      `Keyturn refuses to promote ${K0}: unknown to web-late. If ${K0} were promoted now, a replica that does not know it would refuse what it signs: people would be signed out there. Once Keyturn allows it, nobody would be.`,
    ]);
    expect(named(promote, 'th').map(textOf)).toContain('Once Keyturn allows it');
    const retire = expectSound(
      impactPage(frameOf(), {
        view,
        impact: impact({ step: 'retire', kid: K2 }),
        ifNow: impact({ step: 'revoke', kid: K2 }),
      }),
    );
    expect(verdictOf(retire)[0]).toBe('wait');
    // A moment ends nothing where more than time is missing.
    expect(verdictOf(retire)[1]).toMatch(
      /^Keyturn refuses to retire \S+ until .* \(in .*\) at the earliest: still signed with by web-late\. If \S+ were retired now/,
    );
  });

  test('impact: where a deploy takes a key away nothing promises that nobody is signed out', async () => {
    const { view, impact } = await world({
      keys: [{ state: 'active' }, { state: 'retiring' }],
      from: 'array',
    });
    const facts = {
      view,
      impact: impact({ step: 'retire', kid: K1 }),
      ifNow: impact({ step: 'revoke', kid: K1 }),
    };
    const [tone, text] = verdictOf(expectSound(impactPage(frameOf(), facts)));
    expect(tone).toBe('wait');
    expect(text).toContain(
      `nothing refuses one that comes too early. If ${K1} were taken away now, whoever holds`,
    );
  });

  test('impact that cannot be told says why', async () => {
    const { view } = await world(MID_ROTATION);
    const problem = { message: 'the keyring has no key with this id', hint: 'keyturn status lists the keys' };
    const page = expectSound(impactPage(frameOf(), { view, impact: undefined, problem }));
    expect(textOf(page)).toContain('the keyring has no key with this id');
  });

  test('doctor: the gravest first, with what to do', async () => {
    const { view } = await world(MID_ROTATION);
    const report = {
      summary: { passed: 1, warned: 1, failed: 1 },
      checks: [
        { name: 'git', status: 'pass', detail: 'nothing secret is tracked' },
        {
          name: 'signing_secret',
          status: 'fail',
          detail: 'it is short\nit is published',
          hint: 'make a new one',
        },
        { name: 'sources', status: 'warn', detail: 'one hides another' },
      ],
    } as const;
    const page = expectSound(doctorPage(frameOf(), { view, report }));
    expect(named(page, 'h1', 'h2', 'h3').map(textOf)).toEqual([
      '1 of 3 checks failed',
      'To be put right 1',
      'signing secret',
      'Warnings 1',
      'sources',
      'git',
    ]);
    expect(named(page, 'p').map(textOf)).toEqual(
      expect.arrayContaining(['it is short', 'it is published', 'make a new one']),
    );
  });

  test('doctor: what is cured by the same stands together, and the cure once', async () => {
    const { view } = await world(MID_ROTATION);
    const check = (name: string, hint: string) => ({
      name,
      status: 'warn' as const,
      detail: `${name} of ${K0}`,
      hint,
    });
    const checks = [check('one', 'set it'), check('two', 'restart'), check('three', 'set it')];
    const report = { summary: { passed: 0, warned: 3, failed: 0 }, checks };
    const page = expectSound(doctorPage(frameOf(), { view, report }));
    expect(named(withId(page, 'main'), 'li').map(textOf)).toEqual([
      `one one of ${K0} three three of ${K0} set it`,
      `two two of ${K0} restart`,
    ]);
    const ids = named(page, 'code').filter((one) => classesOf(one).includes('kid'));
    expect(ids.map(textOf)).toEqual([K0, K0, K0]);
  });

  test('warnings about replicas that are cured by the same stand together', async () => {
    const degraded = ['web-a', 'web-b'].map((instance) => ({ instance, degraded: `${instance} is full` }));
    const page = overview(await world({ ...MID_ROTATION, replicas: [{}, ...degraded] }));
    expect(named(part(page, 'problems'), 'li').map(textOf)).toEqual([
      'web-a is degraded: web-a is fullweb-b is degraded: web-b is fullput right what it names; until then the last good keyring stays in force there',
    ]);
  });

  test('the id of a key is drawn as one wherever it stands', async () => {
    const { view } = await world(MID_ROTATION);
    const facts = { view, span: 'day', counts: countsOf('day', () => [[K1, 'session', 3]]) } as const;
    for (const text of [overviewPage(frameOf(), facts), stepsPage(frameOf(), { view })]) {
      const page = expectSound(text);
      const where = [...named(page, 'th', 'a', 'h1', 'h2', 'h3'), ...named(page, 'span')];
      const bare = where.filter(({ children }) =>
        children.some((child) => typeof child === 'string' && [K0, K1, K2].some((id) => child.includes(id))),
      );
      expect(bare.map(textOf)).toEqual([]);
    }
  });

  test('the words that a page needs are explained at its end, without a script', async () => {
    const { view } = await world(MID_ROTATION);
    const page = expectSound(overviewPage(frameOf(), { view, span: 'day', counts: undefined }));
    const words = named(withId(page, 'words'), 'dt').map(textOf);
    expect(words).toEqual(expect.arrayContaining(['keyring', 'generation', 'fingerprint', 'retiring']));
    expect(named(page, 'a').map(({ attributes }) => attributes.get('href'))).toContain('#words');
  });

  test('history: the newest line first; who, why, and what is folded', async () => {
    const made = await world(MID_ROTATION);
    const history = [
      { at: NOW - 400 * DAY, what: 'folded', lines: 1204, since: NOW - 900 * DAY },
      ...made.history,
      { at: NOW - MINUTE, what: 'revoke', kid: K2, who: 'grace', why: 'it was in a log', gone: ['web-9'] },
    ];
    const page = expectSound(historyPage(frameOf(), { view: made.view, history }));
    const [, first, ...rest] = rowsIn(page);
    expect(first?.slice(1)).toEqual(['revoke', K2, 'grace', 'it was in a log; said to be gone: web-9']);
    expect(rest.at(-1)?.at(-1)).toMatch(/^1,204 older lines, kept as one; the first was of 20/);
  });

  test('history: a rollback names both keys, as far as the history tells them', async () => {
    const { view } = await world(MID_ROTATION);
    const line = (what: string, kid: string) => ({ at: NOW - HOUR, what, kid });
    const history = [line('rollback', K2), line('promote', K1), line('rollback', K2)];
    const page = expectSound(historyPage(frameOf(), { view, history }));
    expect(rowsIn(page).map(([, what, key]) => [what, key])).toEqual([
      ['What', 'Key'],
      ['rollback', `from ${K1} to ${K2}`],
      ['promote', K1],
      ['rollback', `to ${K2}`],
    ]);
  });

  test('history: none, and why', async () => {
    const variable = await world({ keys: [{ state: 'active' }], from: 'variable' });
    expect(textOf(expectSound(historyPage(frameOf(), { view: variable.view, history: [] })))).toContain(
      'only a keyring document, or a shared keyring, keeps one',
    );
    const fresh = await world({ keys: [{ state: 'active', dates: { active: NOW } }] });
    expect(textOf(expectSound(historyPage(frameOf(), { view: fresh.view, history: [] })))).toContain(
      'was just made',
    );
  });

  test('a page that says one thing leads on', () => {
    const page = expectSound(
      messagePage(frameOf(), { title: 'There is no such page', message: 'It may have moved.' }),
    );
    expect(named(page, 'a').map(({ attributes }) => attributes.get('href'))).toContain('/keyturn/');
  });
});

describe('the frame', () => {
  test('leads everywhere, says where one is, and offers steps to whoever may act', async () => {
    const { view } = await world(MID_ROTATION);
    const facts = { view, span: 'day', counts: undefined } as const;
    const links = (page: Element) => named(named(page, 'nav')[0] as Element, 'a');
    const acting = links(expectSound(overviewPage(frameOf(), facts)));
    expect(acting.map(textOf)).toEqual(['Overview', 'Purposes', 'Impact', 'Doctor', 'History', 'Steps']);
    expect(acting.map(({ attributes }) => attributes.get('aria-current'))).toEqual([
      'page',
      ...Array(5).fill(undefined),
    ]);
    const looking = links(expectSound(overviewPage(frameOf({ acts: false }), facts)));
    expect(looking.map(textOf)).not.toContain('Steps');
  });

  test('a page says at the top when it was drawn, and can be drawn again', async () => {
    const { view } = await world(MID_ROTATION);
    const page = expectSound(historyPage(frameOf(), { view, history: [] }));
    const [asOf] = elementsIn(page).filter((one) => classesOf(one).includes('asof'));
    expect(textOf(asOf as Element)).toBe(`As of ${clockTime(NOW, NOW)}. Reload`);
  });

  test('the app and who looks stand there', async () => {
    const { view } = await world(MID_ROTATION);
    const frame = frameOf({ app: 'locker', visitor: { who: 'grace' }, acts: false });
    const text = textOf(expectSound(overviewPage(frame, { view, span: 'day', counts: undefined })));
    expect(text).toContain('Keyturnlocker');
    expect(text).toContain('You are grace, read-only.');
  });
});

test('all that the first page loads is small: of three replicas, of a thousand, of thirty keys', async () => {
  const full = countsOf('month', () =>
    Array.from({ length: 10 }, (_, at) => [kidAt(at), 'session', 900 + at] as const),
  );
  for (const made of [MID_ROTATION, thousand(), thirty()]) {
    const { view } = await world(made);
    const page = overviewPage(frameOf(), { view, span: 'month', counts: full });
    const size = [page, STYLE, SCRIPT].reduce((sum, text) => sum + gzipSync(text).length, 0);
    expect(size).toBeLessThan(25 * 1024);
  }
});

function thousand(): Parameters<typeof world>[0] {
  const odd: Readonly<Record<number, object>> = {
    17: { at: NOW - 300_000 },
    803: { at: NOW - 300_000 },
    500: { ...LATE, verifies: [K1, K2] },
    900: { degraded: 'the file cannot be read (EACCES)' },
  };
  const replicas = Array.from({ length: 1000 }, (_, at) => ({ instance: `pod-${at}`, ...odd[at] }));
  return { ...MID_ROTATION, replicas };
}

function thirty(): Parameters<typeof world>[0] {
  const keys = Array.from({ length: 30 }, (_, at) => {
    const begin = NOW - (at * 25 + 5) * DAY;
    if (at === 0) return { state: 'active' as const, dates: { staged: begin - DAY, active: begin } };
    const dates = {
      staged: begin - DAY,
      active: begin,
      retiring: begin + 25 * DAY,
      retired: begin + 26 * DAY,
    };
    return { state: 'retired' as const, dates };
  });
  return { keys, lifetime: 12 * 3600, replicas: [{}, {}] };
}
