// --ring -: a document from standard input to standard output, with nothing else there and nothing else needed.
import { describe, expect, test } from 'vitest';
import { COMING, kidOf, OLDER, STRONG } from '../support/machine.js';
import { documentOf, newFolder, type Read, statesOf } from './ring.js';
import { program, type Ran, TWO_LINES } from './run.js';

const [K, OLD, NEW] = [kidOf(STRONG), kidOf(OLDER), kidOf(COMING)];
const ACTIVE = { secret: STRONG, state: 'active' } as const;

/** No configuration, no profile: a pipeline on some machine. */
async function pipe(input: string, ...args: readonly string[]): Promise<Ran> {
  return await program([...args, '--ring', '-'], { cwd: newFolder(), input });
}

function states(ran: Ran): string[] {
  return statesOf(JSON.parse(ran.stdout) as Read);
}

test.concurrent('stage | promote | rollback | retire, when the waits are over', async () => {
  const staged = await pipe(documentOf(ACTIVE), 'stage', '--reason', 'quarterly');
  expect(staged.code).toBe(0);
  const [kid] = (JSON.parse(staged.stdout) as Read).keys.map((key) => key.kid) as [string];
  expect(states(staged)).toEqual([`${kid} staged`, `${K} active`]);
  expect(staged.stderr).toMatch(
    /^keyturn: staged .*\nkeyturn: keys: .*\nkeyturn: next: (?:keyturn promote --ring - {2}# |wait, then keyturn promote --ring -: ).*\n$/,
  );

  const tooEarly = await pipe(staged.stdout, 'promote');
  expect(tooEarly).toMatchObject({ code: 3, stdout: '' });
  expect(tooEarly.stderr).toMatch(TWO_LINES);

  const old = (text: string) =>
    text.replaceAll(/"(staged|retiring)": "20[^"]*"/g, '"$1": "2020-01-01T00:00:00Z"');
  const promoted = await pipe(old(staged.stdout), 'promote');
  expect(states(promoted)).toEqual([`${kid} active`, `${K} retiring`]);
  expect(promoted.stderr).toContain('depends on the lifetimes in the variables and files here');
  const back = await pipe(promoted.stdout, 'rollback');
  expect(states(back)).toEqual([`${kid} retiring`, `${K} active`]);
  expect(await pipe(back.stdout, 'retire')).toMatchObject({ code: 3, stdout: '' });
  // What is done already leaves the document as it came: whoever reads it has it all the same.
  expect(await pipe(back.stdout, 'rollback')).toMatchObject({ code: 0, stdout: back.stdout });
  const retired = await pipe(old(back.stdout), 'retire');
  expect(states(retired)).toEqual([`${kid} retired`, `${K} active`]);
  const read = JSON.parse(retired.stdout) as Read;
  expect(read.generation).toBe(5);
  expect(read.history.map(({ what }) => what)).toEqual(['stage', 'promote', 'rollback', 'retire']);
});

test.concurrent('rotate stages, revoke revokes', async () => {
  expect(states(await pipe(documentOf(ACTIVE), 'rotate'))[1]).toBe(`${K} active`);
  const revoked = await pipe(
    documentOf({ secret: COMING, state: 'staged' }, ACTIVE),
    'revoke',
    K,
    '--reason',
    'x',
  );
  expect(states(revoked)).toEqual([`${NEW} active`, `${K} revoked`]);
  expect(revoked.stderr).toContain('they are signed out');
});

describe('standard output', () => {
  test.concurrent('with --dry-run is the document as it came, byte by byte', async () => {
    const input = documentOf({ secret: COMING, state: 'staged' }, ACTIVE);
    const ran = await pipe(input, 'promote', '--dry-run');
    expect(ran).toMatchObject({ code: 0, stdout: input });
    expect(ran.stderr).toContain(`dry run, nothing is changed: promoted ${NEW}`);
  });

  test.concurrent.each([
    ['no document', STRONG, 'is not valid JSON'],
    ['nothing', '', 'standard input is empty'],
    ['an array', JSON.stringify([STRONG]), 'must be an object'],
    ['something else', '{"kind": "Secret"}', 'not a keyring document'],
  ])('is empty when standard input has %s', async (_, input, error) => {
    const ran = await pipe(input, 'stage');
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(TWO_LINES);
    expect(ran.stderr).toContain(error);
  });
});

test.concurrent('whatever is configured here is left alone', async () => {
  const cwd = newFolder();
  await program(['init'], { cwd, env: { KEYTURN_ENV: 'dev' } });
  const ran = await program(['retire', OLD, '--ring', '-'], {
    cwd,
    env: { KEYTURN_ENV: 'dev' },
    input: documentOf(ACTIVE, { secret: OLDER, state: 'retiring' }),
  });
  expect(states(ran)).toEqual([`${K} active`, `${OLD} retired`]);
  const history = await program(['history', '--json'], { cwd, env: { KEYTURN_ENV: 'dev' } });
  expect(JSON.parse(history.stdout).history).toHaveLength(1);
});
