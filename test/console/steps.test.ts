// The steps that the console offers: which can be taken now, why another one cannot, and what has to be typed.
import { describe, expect, test } from 'vitest';
import { breaksSomething, type OfferedStep, offeredSteps } from '../../src/console/offered-steps.js';
import { stepPage, stepsPage } from '../../src/console/pages/index.js';
import { clockTime, timeLeft } from '../../src/words/time.js';
import {
  DAY,
  frameOf,
  HOUR,
  kidAt,
  LATE,
  type Made,
  MID_ROTATION,
  NOW,
  SECOND,
  type World,
  world,
} from './made.js';
import { classesOf, elementsIn, expectSound, named, textOf, withId } from './read-html.js';

/** When the key that retires may go, by the clock of this machine. */
const SAFE = clockTime(NOW + 4 * HOUR + 7 * SECOND, NOW);
const [K0, K1, K2] = [kidAt(0), kidAt(1), kidAt(2)];
const CSRF = { field: '_csrf', token: () => 'made-for-this-form' };

async function offeredIn(made: Made): Promise<readonly OfferedStep[]> {
  return offeredSteps((await world(made)).view);
}

function of({ view }: World, step: string, kid?: string): OfferedStep {
  const found = offeredSteps(view).find((one) => one.step === step && one.kid === kid);
  if (found === undefined) throw new Error(`${step} is not offered`);
  return found;
}

/** What is marked as a countdown, as whoever has no script reads it. */
const plain = ({ why }: OfferedStep, { view }: World) =>
  why.replace(/\u0001(\d+)\u0001/, (_, at) => `in ${timeLeft(Number(at), view.status.now)}`);

const told = ({ step, kid, safe }: OfferedStep) => [step, kid, safe];

describe('what is offered', () => {
  test('in the middle of a rotation', async () => {
    expect((await offeredIn(MID_ROTATION)).map(told)).toEqual([
      ['stage', undefined, false],
      ['promote', K0, true],
      ['rollback', K2, true],
      ['retire', K2, false],
      ['retire', K0, true],
      ['revoke', K1, true],
      ['revoke', K2, true],
      ['revoke', K0, true],
    ]);
  });

  test('what is not safe says why, and when it will be', async () => {
    const mid = await world(MID_ROTATION);
    expect(of(mid, 'stage').why).toBe(
      `Keyturn refuses to stage a fresh key: ${K0} is staged already; promote it, or retire it, first.`,
    );
    const retire = of(mid, 'retire', K2);
    expect(plain(retire, mid)).toBe(`Keyturn refuses to retire ${K2} until ${SAFE} (in 4 h 1 min).`);
    expect(retire.safeAt).toBe(mid.view.status.keys[2]?.safeAt);
    const late = await world({
      ...MID_ROTATION,
      replicas: [{}, { ...LATE, instance: 'web-late', verifies: [K1, K2] }],
    });
    expect(of(late, 'promote', K0)).toMatchObject({
      safe: false,
      why: `Keyturn refuses to promote ${K0}: unknown to web-late.`,
    });
  });

  test('nothing but a revocation where something has to be put right first', async () => {
    const stranger = { mark: 'mark-of-stranger', fingerprint: 'BBBBBBBBBBB' };
    const offered = await offeredIn({ ...MID_ROTATION, replicas: [{}, stranger] });
    expect(offered.filter(({ step, safe }) => safe !== (step === 'revoke'))).toEqual([]);
    expect(offered[0]?.why).toMatch(/^Keyturn refuses to stage a fresh key: first make one keyring of both/);
  });

  test('nothing but a revocation where replicas cannot be asked', async () => {
    const made = await world({ ...MID_ROTATION, silence: 'Redis does not answer' });
    const offered = offeredSteps(made.view);
    expect(offered.filter(({ step, safe }) => safe !== (step === 'revoke'))).toEqual([]);
    expect(offered[0]?.why).toBe(
      'Keyturn refuses to stage a fresh key: replicas cannot be asked: Redis does not answer.',
    );
  });

  test('after a rollback the key that was gone back from can sign again, and nothing is rolled back twice', async () => {
    const offered = await offeredIn({
      keys: [
        { state: 'retiring', dates: { staged: NOW - DAY, active: NOW - 3 * HOUR, retiring: NOW - HOUR } },
        { state: 'active', dates: { active: NOW - HOUR, retiring: NOW - 3 * HOUR } },
      ],
      history: [
        { at: NOW - 3 * HOUR, what: 'promote', kid: K0 },
        { at: NOW - HOUR, what: 'rollback', kid: K1 },
      ],
      lifetime: 12 * 3600,
      replicas: [{}],
    });
    expect(offered.map(told)).toEqual([
      ['stage', undefined, true],
      ['promote', K0, true],
      ['retire', K0, false],
      ['revoke', K1, true],
      ['revoke', K0, true],
    ]);
  });

  test('none where the keys can only be changed by a deploy, or are mounted read-only', async () => {
    expect(await offeredIn({ keys: [{ state: 'active' }], from: 'variable' })).toEqual([]);
    expect(await offeredIn({ ...MID_ROTATION, writable: false })).toEqual([]);
  });

  test('a staged key that has signed is not retired', async () => {
    const used = {
      kid: K0,
      purpose: 'session',
      verified: 0,
      verifiedAt: 0,
      signed: 1,
      signedAt: NOW - SECOND,
    };
    const made = await world({ ...MID_ROTATION, replicas: [{ uses: [used] }] });
    expect(of(made, 'retire', K0)).toMatchObject({
      safe: false,
      why: `Keyturn refuses to retire ${K0}: it has signed, and its tokens may be alive.`,
    });
  });
});

describe('the page of all steps', () => {
  test('what is not safe is there, cannot be followed, and says why', async () => {
    const { view } = await world(MID_ROTATION);
    const page = expectSound(stepsPage(frameOf(), { view }));
    const links = named(page, 'a').filter(({ attributes }) => attributes.get('href')?.includes('/steps/'));
    expect(links.map(({ attributes }) => attributes.get('href'))).toEqual([
      `/keyturn/steps/promote?kid=${K0}`,
      `/keyturn/steps/rollback?kid=${encodeURIComponent(K2)}`,
      `/keyturn/steps/retire?kid=${K0}`,
      `/keyturn/steps/revoke?kid=${K1}`,
      `/keyturn/steps/revoke?kid=${encodeURIComponent(K2)}`,
      `/keyturn/steps/revoke?kid=${K0}`,
    ]);
    const off = elementsIn(page).filter(({ attributes }) => attributes.get('aria-disabled') === 'true');
    expect(off.map(textOf)).toEqual(['Stage a fresh key', `Retire ${K2}`]);
    expect(textOf(page)).toContain(`Keyturn refuses to retire ${K2} until ${SAFE} (in 4 h 1 min).`);
  });

  test('of many keys the next to go and the one that signs stand there, and the rest is folded', async () => {
    const retiring = Array.from({ length: 12 }, (_, nth) => ({
      state: 'retiring' as const,
      dates: { active: NOW - (nth + 2) * HOUR, retiring: NOW - (nth + 1) * HOUR },
    }));
    const { view } = await world({
      keys: [{ state: 'active', dates: { active: NOW - HOUR } }, ...retiring],
      lifetime: 24 * 3600,
      replicas: [{}],
    });
    const page = expectSound(stepsPage(frameOf(), { view }));
    const folded = named(page, 'details')
      .filter(({ attributes }) => attributes.has('id'))
      .map((details) => textOf(details));
    expect(folded.map((text) => /^\d+ \S+ \S+/.exec(text)?.[0])).toEqual(['8 more steps', '7 other keys']);
    const names = named(page, 'h3').map(textOf);
    const soonest = view.status.keys.toSorted((one, other) => (one.safeAt ?? 0) - (other.safeAt ?? 0));
    const next = soonest.find(({ state }) => state === 'retiring');
    expect(names.find((name) => name.startsWith('Retire'))).toBe(`Retire ${next?.id}`);
    expect(names.find((name) => name.startsWith('Revoke'))).toBe(`Revoke ${K0}`);
  });

  test('what was done is said', async () => {
    const { view } = await world(MID_ROTATION);
    const page = expectSound(stepsPage(frameOf(), { view, done: { step: 'promote', kid: K1 } }));
    const [note] = elementsIn(page).filter(({ attributes }) => attributes.get('role') === 'status');
    expect(note && textOf(note)).toBe(`Promoted ${K1}. It stands in the history.`);
  });

  test('where none can be taken it says what to run', async () => {
    const { view } = await world({ keys: [{ state: 'active' }], from: 'variable' });
    const text = textOf(expectSound(stepsPage(frameOf(), { view })));
    expect(text).toContain(
      'The keys cannot be changed from here: they come from KEYTURN_SECURITY__SIGNING_SECRET.',
    );
    expect(text).toContain('next: keyturn rotate');
  });
});

describe('the page of one step', () => {
  test('a form with the key, the token of this visitor, and a reason', async () => {
    const mid = await world(MID_ROTATION);
    const facts = {
      view: mid.view,
      offered: of(mid, 'promote', K0),
      impact: mid.impact({ step: 'rotate' }),
      csrf: CSRF,
    };
    const page = expectSound(stepPage(frameOf(), facts));
    const [form] = named(page, 'form');
    expect(form?.attributes.get('method')).toBe('post');
    expect(form?.attributes.get('action')).toBe('/keyturn/steps/promote');
    const fields = named(page, 'input').map(({ attributes }) => [
      attributes.get('name'),
      attributes.get('value'),
    ]);
    expect(fields).toEqual([
      ['_csrf', 'made-for-this-form'],
      ['kid', K0],
      ['why', ''],
    ]);
    expect(textOf(page)).toContain(
      'Nobody would be signed out, and nothing that is signed would be refused.',
    );
  });

  test('what signs people out has the id of the key typed, and a reason', async () => {
    const mid = await world(MID_ROTATION);
    const impact = mid.impact({ step: 'revoke', kid: K1 });
    expect(breaksSomething(impact)).toBe(true);
    const facts = { view: mid.view, offered: of(mid, 'revoke', K1), impact, csrf: CSRF };
    const page = expectSound(stepPage(frameOf(), facts));
    expect(withId(page, 'confirm').attributes.has('required')).toBe(true);
    expect(withId(page, 'confirm').attributes.has('value')).toBe(false);
    expect(withId(page, 'why').attributes.has('required')).toBe(true);
    expect(
      named(page, 'button').map((button) => [textOf(button), classesOf(button).includes('alarm')]),
    ).toEqual([[`Revoke ${K1}`, true]]);
  });

  test('what was refused is said, and what was typed is kept', async () => {
    const mid = await world(MID_ROTATION);
    const impact = mid.impact({ step: 'revoke', kid: K1 });
    const problem = { message: 'what was typed is not the id of the key', hint: `type ${K1}` };
    const facts = {
      view: mid.view,
      offered: of(mid, 'revoke', K1),
      impact,
      csrf: CSRF,
      problem,
      typed: { why: 'a leak' },
    };
    const page = expectSound(stepPage(frameOf(), facts));
    const [alert] = elementsIn(page).filter(({ attributes }) => attributes.get('role') === 'alert');
    expect(alert && textOf(alert)).toBe(`what was typed is not the id of the key type ${K1}`);
    expect(withId(page, 'why').attributes.get('value')).toBe('a leak');
  });

  test('no form where it is not safe, where nothing protects forms, and for whoever may only look', async () => {
    const mid = await world(MID_ROTATION);
    const retire = {
      view: mid.view,
      offered: of(mid, 'retire', K2),
      impact: mid.impact({ step: 'retire', kid: K2 }),
    };
    const promote = {
      view: mid.view,
      offered: of(mid, 'promote', K0),
      impact: mid.impact({ step: 'rotate' }),
    };
    for (const [frame, facts, why] of [
      [frameOf(), { ...retire, csrf: CSRF }, `Keyturn refuses to retire ${K2} until `],
      [frameOf(), { ...promote, csrf: undefined }, 'nothing protects forms against other sites'],
      [frameOf({ acts: false }), { ...promote, csrf: CSRF }, 'you may look, and not act'],
    ] as const) {
      const page = expectSound(stepPage(frame, facts as Parameters<typeof stepPage>[1]));
      expect(named(page, 'form')).toEqual([]);
      expect(textOf(page)).toContain(why);
      const [, , ...links] = named(page, 'a').map(({ attributes }) => attributes.get('href'));
      // Nobody is left at a dead end.
      expect(links).toContain(frame.acts ? '/keyturn/steps' : '/keyturn/');
      expect(textOf(page)).toContain(frame.acts ? 'Back to the steps' : 'Back to the overview');
    }
  });

  test('where nothing but time is missing the replicas can be counted, as with --replicas', async () => {
    const early = await world({
      keys: [
        { state: 'staged', dates: { staged: NOW - SECOND } },
        { state: 'active', dates: { active: NOW - DAY } },
      ],
      lag: 60,
      replicas: [{}, {}],
    });
    const offered = of(early, 'promote', K0);
    expect(offered).toMatchObject({ safe: false, isShortened: true });
    const facts = { view: early.view, offered, impact: early.impact({ step: 'rotate' }), csrf: CSRF };
    const page = expectSound(stepPage(frameOf(), { ...facts, typed: { replicas: '2' } }));
    const field = withId(page, 'replicas').attributes;
    expect([field.get('type'), field.get('value'), field.has('required')]).toEqual(['number', '2', true]);
    const steps = expectSound(stepsPage(frameOf(), { view: early.view }));
    expect(named(steps, 'a').map(({ attributes }) => attributes.get('href'))).toContain(
      `/keyturn/steps/promote?kid=${K0}`,
    );
    // Who is known not to have the key is waited for, however many there are.
    const late = { ...LATE, verifies: [K1, K2] };
    expect(of(await world({ ...MID_ROTATION, replicas: [{}, late] }), 'promote', K0).isShortened).toBe(false);
  });
});
