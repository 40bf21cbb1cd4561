// Every plan of three deploys, played through: while one of them is under way, each replica may have restarted at any
// moment. What a manager holds, or a mounted file, has changed by then or has not; variables reach one replica after
// another. No token that any of them has issued may be refused by another before it has expired.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Keyring } from '../../src/keyring/keyring.js';
import { resolve } from '../../src/resolve/resolve.js';
import type { Deploy } from '../../src/rotation/deploys.js';
import { Rotation } from '../../src/rotation/rotation.js';
import { documentOf } from '../cli/ring.js';
import * as on from '../support/machine.js';

const [OLD, NEW, OLDER] = [on.STRONG, on.COMING, on.OLDER];
const { SECRET, COMMAND, FILE, NEXT, PREVIOUS } = on;

/** What replicas go by: variables of their own, and a value in one place for all. */
interface Place {
  readonly env: Readonly<Record<string, string>>;
  /** In the file, or printed by the command; undefined where variables are all there is. */
  readonly value?: string;
}

async function ringOf({ env, value }: Place, cwd: string): Promise<Keyring> {
  if (value !== undefined) writeFileSync(join(cwd, 'held'), value, { mode: 0o600 });
  const machine = on.machine({ cwd, env: { KEYTURN_ENV: 'prod', ...env } });
  const { keyring, problems } = await resolve({ machine, create: false });
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  return keyring as Keyring;
}

async function planOf({ env, value }: Place): Promise<readonly Deploy[]> {
  const cwd = on.tempDir();
  if (value !== undefined) writeFileSync(join(cwd, 'held'), value, { mode: 0o600 });
  const machine = on.machine({ cwd, env: { KEYTURN_ENV: 'prod', ...env } });
  return await (await Rotation.open({ machine })).deploys();
}

/** The place after a deploy. */
function deployed({ env, value }: Place, { changes }: Deploy): Place {
  const next = { ...env };
  let held = value;
  for (const { variable, becomes } of changes) {
    const text = Array.isArray(becomes)
      ? JSON.stringify(becomes.map((which) => ({ old: OLD, new: NEW })[which as 'old' | 'new']))
      : { new: NEW, former: OLD, 'former-first': `${OLD},${env[PREVIOUS]}`, removed: '' }[becomes as string];
    if (!variable.startsWith('KEYTURN_')) held = text;
    else if (becomes === 'removed') delete next[variable];
    else next[variable] = text as string;
  }
  return { env: next, ...(held === undefined ? {} : { value: held }) };
}

/** What a replica can go by while one place becomes another. */
function between(one: Place, other: Place): readonly Place[] {
  return [one.env, other.env].flatMap((env) =>
    [one.value, other.value].map((value) => (value === undefined ? { env } : { env, value })),
  );
}

/**
 * @param start what is everywhere before the first of the deploys
 * @returns who refuses whose tokens
 */
async function play(start: Place, deploys: readonly Deploy[], alive: readonly string[]): Promise<string[]> {
  const cwd = on.tempDir();
  const refused: string[] = [];
  let place = start;
  let tokens = new Set(alive.map(on.kidOf));
  for (const deploy of deploys) {
    const next = deployed(place, deploy);
    // The third waits until the last token of the former secret has expired.
    if (deploy.number === 3) tokens = new Set([on.kidOf(NEW)]);
    const rings: Keyring[] = [];
    for (const at of between(place, next)) rings.push(await ringOf(at, cwd));
    for (const { active } of rings) tokens.add(active.id);
    for (const [index, ring] of rings.entries()) {
      for (const kid of tokens) {
        if (ring.get(kid)?.live !== true) refused.push(`deploy ${deploy.number}, replica ${index}: ${kid}`);
      }
    }
    place = next;
  }
  expect((await ringOf(place, cwd)).live.map(({ id }) => id)).toEqual([on.kidOf(NEW)]);
  return refused;
}

const array = (...secrets: string[]) => JSON.stringify(secrets);
const command = { [COMMAND]: '["cat","held"]' };
const file = { [FILE]: 'held' };

describe('no token is refused, whoever restarts when', () => {
  test.each<[string, Place]>([
    ['a variable', { env: { [SECRET]: OLD } }],
    ['a command that prints a secret', { env: command, value: OLD }],
    ['a command that prints an array of one', { env: command, value: array(OLD) }],
    ['a file with one line', { env: file, value: `${OLD}\n` }],
    ['a file with an array', { env: file, value: array(OLD) }],
  ])('%s', async (_, start) => {
    expect(await play(start, await planOf(start), [OLD])).toEqual([]);
  });

  test.each<[string, Place, number, readonly string[]]>([
    [
      'variables, beside an older secret',
      { env: { [SECRET]: OLD, [NEXT]: NEW, [PREVIOUS]: OLDER } },
      1,
      [OLD, OLDER],
    ],
    ['a command, the new secret in a variable', { env: { ...command, [NEXT]: NEW }, value: OLD }, 1, [OLD]],
    [
      'a command, the former secret in a variable',
      { env: { ...command, [PREVIOUS]: OLD }, value: NEW },
      2,
      [OLD, NEW],
    ],
    ['a command, an array in the second deploy', { env: command, value: array(NEW, OLD) }, 2, [OLD, NEW]],
    ['a file, the new secret in a variable', { env: { ...file, [NEXT]: NEW }, value: OLD }, 1, [OLD]],
  ])('under way: %s', async (_, start, done, alive) => {
    expect(await play(start, (await planOf(start)).slice(done), alive)).toEqual([]);
  });

  test('a document by mount: what stage, promote and retire make of it', async () => {
    const cwd = on.tempDir();
    let now = on.NOW;
    let document = documentOf({ secret: OLD, state: 'active', daysAgo: 3650 });
    const documents = [document];
    for (const step of ['stage', 'promote', 'retire'] as const) {
      now += 100 * on.DAY;
      const machine = { ...on.machine({ cwd, env: { KEYTURN_ENV: 'prod' } }), now: () => now };
      const rotation = await Rotation.open({ machine, document });
      if (step === 'stage') await rotation.stage({ secret: NEW });
      else await rotation[step]();
      document = rotation.document as string;
      documents.push(document);
    }
    const rings = await Promise.all(documents.map((value) => ringOf({ env: file, value }, on.tempDir())));
    const alive = [[OLD], [OLD, NEW], [NEW]];
    for (const [index, tokens] of alive.entries()) {
      for (const ring of [rings[index], rings[index + 1]]) {
        for (const secret of tokens) expect(ring?.get(on.kidOf(secret))?.live).toBe(true);
      }
    }
  });
});

describe('the play is able to fail: it finds', () => {
  const plan = async () => await planOf({ env: { [SECRET]: OLD } });
  const printed = (deploys: readonly Deploy[]) =>
    deploys.map((deploy) => ({
      ...deploy,
      changes: deploy.changes.map((change) =>
        change.variable === SECRET ? { ...change, variable: 'what it prints' } : change,
      ),
    }));

  test.each([
    command,
    file,
  ])('companions in variables, beside a value that changes for all at once', async (env) => {
    expect(await play({ env, value: OLD }, printed(await plan()), [OLD])).toContain(
      `deploy 2, replica 1: ${on.kidOf(OLD)}`,
    );
  });

  test('a new secret that signs at once', async () => {
    const deploys = (await planOf({ env: command, value: OLD })).slice(1);
    expect(await play({ env: command, value: OLD }, deploys, [OLD])).toContain(
      `deploy 2, replica 0: ${on.kidOf(NEW)}`,
    );
  });
});
