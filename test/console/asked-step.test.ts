// What the page on impact is about when nobody has chosen, and what an address may ask for.
import { expect, test } from 'vitest';
import { ConsoleApp } from '../../src/console/app.js';
import { askedStep, ifItWentNow } from '../../src/console/asked-step.js';
import type { ConsoleSource } from '../../src/console/contract.js';
import { KeyturnError } from '../../src/errors.js';
import { memoryLogger } from '../support/keyturn.js';
import { DAY, kidAt, type Made, MID_ROTATION, NOW, world } from './made.js';

async function asked(query: string, made: Made = MID_ROTATION) {
  return askedStep(new URLSearchParams(query), (await world(made)).view.status);
}

const CALM: Made = { keys: [{ state: 'active', dates: { active: NOW - DAY } }] };

test('the step that a rotation goes on with comes first: it takes over, the old one goes, a new one is made', async () => {
  expect(await asked('')).toEqual({ step: 'promote', kid: kidAt(0) });
  const [, ...after] = MID_ROTATION.keys;
  expect(await asked('', { ...MID_ROTATION, keys: after })).toEqual({ step: 'retire', kid: kidAt(1) });
  expect(await asked('', CALM)).toEqual({ step: 'rotate' });
});

test('what is asked for is shown, and what makes no sense is not', async () => {
  expect(await asked('step=rotate')).toEqual({ step: 'rotate' });
  for (const step of ['promote', 'rollback', 'retire', 'revoke'])
    expect(await asked(`step=${step}&kid=AAAAAAAA`)).toEqual({ step, kid: 'AAAAAAAA' });
  for (const query of ['step=revoke', 'step=revoke&kid=%3Cscript%3E', 'step=constructor&kid=AAAAAAAA'])
    expect(await asked(query, CALM)).toEqual({ step: 'rotate' });
});

test('only of a key that retires it is asked what would happen if it went now', async () => {
  const { status } = (await world(MID_ROTATION)).view;
  expect(ifItWentNow({ step: 'retire', kid: kidAt(2) }, status)).toEqual({ step: 'revoke', kid: kidAt(2) });
  expect(ifItWentNow({ step: 'retire', kid: kidAt(0) }, status)).toBeUndefined();
  expect(ifItWentNow({ step: 'promote', kid: kidAt(0) }, status)).toBeUndefined();
});

test('a step that somebody takes while the page is made is not told as a mistake of whoever looks', async () => {
  const { view } = await world(MID_ROTATION);
  const impact = async () => {
    throw new KeyturnError('key_state', 'the key signs', 'promote another one first');
  };
  const source = { look: async () => view, impact } as unknown as ConsoleSource;
  const app = new ConsoleApp({ source, steps: false, app: undefined, logger: memoryLogger() });
  const ask = async (kid: string): Promise<string> => {
    const answer = await app.answer({
      method: 'GET',
      mount: '/keyturn',
      path: '/impact',
      query: new URLSearchParams({ step: 'retire', kid }),
      form: async () => undefined,
      csrf: { field: '_csrf', token: () => '', accepts: () => false },
      lastEventId: undefined,
      visitor: { who: 'ada' },
      signal: new AbortController().signal,
    });
    return String(answer.body);
  };
  expect(await ask(kidAt(2))).toContain('the keys have changed while this page was made');
  // Of the key that signs it is one.
  expect(await ask(kidAt(1))).toContain('promote another one first');
});
