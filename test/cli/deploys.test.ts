// keyturn rotate and status where the secret lives in variables: three deploys, the new value once, the old one never.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  COMING,
  COMMAND,
  kidOf,
  NEXT,
  OLDER,
  PREVIOUS,
  SECRET,
  STRONG,
  startOn,
} from '../support/machine.js';
import { DEV, newFolder } from './ring.js';
import { type Ran, keyturn as runIn, type Surroundings, TWO_LINES } from './run.js';

async function keyturn(args: readonly string[], around: Surroundings): Promise<Ran> {
  return await runIn(args, { cwd: newFolder(), ...around });
}

const HEX = /\b[0-9a-f]{64}\b/g;
const [K, NEW] = [kidOf(STRONG), kidOf(COMING)];

describe('no rotation is under way', () => {
  const env = { ...DEV, [SECRET]: STRONG };

  test.concurrent('the three deploys, with the variables that change; the new value once, the old never', async () => {
    const ran = await keyturn(['rotate'], { env });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const found = ran.stdout.match(HEX) ?? [];
    expect(found).toHaveLength(1);
    expect(ran.stdout).not.toContain(STRONG);
    const lines = ran.stdout.split('\n');
    expect(lines).toContain(`the new secret (key ${kidOf(found[0] as string)}), shown only this once:`);
    expect(lines.filter((line) => line.startsWith('deploy '))).toEqual([
      'deploy 1, at once: the new secret verifies everywhere, and signs nowhere yet',
      'deploy 2, when every replica runs with deploy 1: the new secret signs, and the former one goes on verifying',
      'deploy 3, when every replica runs with deploy 2 and the last token of the former secret has expired: the former secret is taken away',
    ]);
    // A program in development may say more of lifetimes than a command can know: no moment is told.
    expect(ran.stdout).toContain('nothing reports here, and outside production a program may give tokens');
    expect(ran.stdout).not.toMatch(/\d d\b/);
    expect(
      lines.filter((line) => line.startsWith('  KEYTURN_')).map((line) => line.trim().split(/ {2,}/)),
    ).toEqual([
      [NEXT, 'the new secret'],
      [SECRET, 'the new secret'],
      [PREVIOUS, 'the former secret (written ["…"] if there is a comma in it)'],
      [NEXT, '(removed)'],
      [PREVIOUS, '(removed)'],
    ]);
  });

  test.concurrent('what it says works: a token of each deploy is accepted in the one before and the one after', async () => {
    const { stdout } = await keyturn(['rotate', '--json'], { env });
    const { secret } = JSON.parse(stdout) as { secret: string };
    const deploys = [
      { [SECRET]: STRONG },
      { [SECRET]: STRONG, [NEXT]: secret },
      { [SECRET]: secret, [PREVIOUS]: STRONG },
      { [SECRET]: secret },
    ];
    const started = await Promise.all(
      deploys.map(
        async (variables) =>
          (await startOn({ cwd: newFolder(), env: { KEYTURN_ENV: 'prod', ...variables } })).keyturn,
      ),
    );
    const tokens = started.map((app) => app.signer('invitation').sign('x'));
    const accepts = (at: number, of: number) =>
      started[at]?.signer('invitation').verify(tokens[of] as string).ok;
    for (const [at, of] of [
      [0, 1],
      [1, 0],
      [1, 2],
      [2, 1],
      [2, 3],
      [3, 2],
    ]) {
      expect([at, of, accepts(at as number, of as number)]).toEqual([at, of, true]);
    }
  });

  test.concurrent('in production a program may only shorten a lifetime: the wait is told, and by what it is counted', async () => {
    const longer = { KEYTURN_PURPOSES__REMEMBER__MAX_AGE: '90d' };
    const ran = await keyturn(['rotate', '--dry-run'], { env: { ...env, KEYTURN_ENV: 'prod', ...longer } });
    expect(ran.stdout).toMatch(
      /^deploy 3, .* has expired \(90 d \d+ min later, by the lifetimes that variables and files say here\): /m,
    );
    const json = await keyturn(['rotate', '--dry-run', '--json'], { env });
    expect(JSON.parse(json.stdout).deploys[2].grace).toBeNull();
  });

  test.concurrent('--json', async () => {
    const ran = JSON.parse((await keyturn(['rotate', '--json'], { env })).stdout);
    expect(ran).toMatchObject({ step: 'rotate', source: SECRET, signs: K, next: 1, kid: kidOf(ran.secret) });
    expect(ran.deploys.map(({ changes }: { changes: unknown }) => changes)).toEqual([
      [{ variable: NEXT, becomes: 'new' }],
      [
        { variable: SECRET, becomes: 'new' },
        { variable: PREVIOUS, becomes: 'former' },
        { variable: NEXT, becomes: 'removed' },
      ],
      [{ variable: PREVIOUS, becomes: 'removed' }],
    ]);
  });

  test.concurrent('--out writes the value for the owner alone, prints the path, and overwrites nothing', async () => {
    const cwd = newFolder();
    const ran = await keyturn(['rotate', '--out', 'new-secret'], { cwd, env });
    const path = join(cwd, 'new-secret');
    const secret = readFileSync(path, 'utf8');
    expect(secret).toMatch(/^[0-9a-f]{64}\n$/);
    expect(ran.stdout).toContain(`the new secret (key ${kidOf(secret.trim())}) is in ${path}\n`);
    expect(ran.stdout).not.toMatch(HEX);
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
    const again = await keyturn(['rotate', '--out', 'new-secret', '--json'], { cwd, env });
    expect(again.code).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject({ error: { code: 'refused' } });
    expect(again.stderr).toMatch(TWO_LINES);
    expect(readFileSync(path, 'utf8')).toBe(secret);
    const nowhere = await keyturn(['rotate', '--out', 'no/such/folder'], { cwd, env });
    expect(nowhere).toMatchObject({ code: 1, stdout: '' });
    expect(nowhere.stderr).toContain('cannot be written (ENOENT)');
    const json = await keyturn(['rotate', '--out', 'another', '--json'], { cwd, env });
    expect(JSON.parse(json.stdout)).toMatchObject({ out: join(cwd, 'another') });
    expect(json.stdout).not.toMatch(HEX);
  });

  test.concurrent('--dry-run makes no secret', async () => {
    const ran = await keyturn(['rotate', '--dry-run'], { env });
    expect(ran.stdout).not.toMatch(HEX);
    expect(ran.stdout).toContain('deploy 1, at once');
  });

  test.concurrent.each([
    '--wait',
    '--activate-in=1h',
    '--replicas=2',
  ])('%s has no meaning, and no secret is made', async (option) => {
    const ran = await keyturn(['rotate', option], { env });
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(TWO_LINES);
    expect(ran.stderr).toContain(`is for a keyring document, and the secret is in ${SECRET}`);
  });

  test.concurrent('a weak secret is said to need an exception', async () => {
    const ran = await keyturn(['rotate'], { env: { ...DEV, [SECRET]: 'changeme-0123456789' } });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain(`unless ${SECRET}__ACCEPT_WEAK excuses the key`);
    expect(ran.stdout + ran.stderr).not.toContain('changeme');
  });

  test.concurrent('what a command prints changes for all at once: an array holds both secrets meanwhile', async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, 'held'), STRONG);
    const around = { cwd, env: { ...DEV, [COMMAND]: JSON.stringify(['cat', 'held']) } };
    const ran = await keyturn(['rotate'], around);
    const printed = [...ran.stdout.matchAll(new RegExp(`^  what ${COMMAND} prints  (.*)$`, 'gm'))];
    expect(printed.map(([, value]) => value)).toEqual(['["old","new"]', '["new","old"]', '["new"]']);
    expect(ran.stdout).toContain('"old" stands for the secret that signs now, and "new" for the new secret');
    expect(ran.stdout).not.toContain(STRONG);
    expect(ran.stdout).not.toContain(NEXT);
    const json = JSON.parse((await keyturn(['rotate', '--json'], around)).stdout);
    expect(json.deploys.map(({ changes }: { changes: unknown }) => changes)).toEqual(
      [['old', 'new'], ['new', 'old'], ['new']].map((becomes) => [
        { variable: `what ${COMMAND} prints`, becomes },
      ]),
    );
  });

  test.concurrent('an array does not tell how far it is: no new secret, and both deploys that may come next', async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, 'held'), JSON.stringify([STRONG, COMING]));
    const around = { cwd, env: { ...DEV, [COMMAND]: JSON.stringify(['cat', 'held']) } };
    const ran = await keyturn(['rotate'], around);
    expect(ran.stdout).not.toMatch(HEX);
    expect(ran.stdout).toContain(`deploy 2 if key ${NEW} is the newer one, when every replica has started`);
    expect(ran.stdout).toContain(`  ["key ${NEW}","key ${K}"]\n`);
    expect(ran.stdout).toContain(`deploy 3 if key ${NEW} is the former one, when every replica has started`);
    expect(ran.stdout).toContain(`  ["key ${K}"]\n`);
    expect(JSON.parse((await keyturn(['rotate', '--json'], around)).stdout)).toMatchObject({
      next: null,
      secret: null,
    });
    expect((await keyturn(['status'], around)).stdout).toContain(
      'next: keyturn rotate  # shows which deploys may come next\n',
    );
  });
});

describe('status says which deploy this process is in, and rotate which is next, without a new secret', () => {
  test.concurrent.each([
    [0, { [SECRET]: STRONG }, 'no rotation is under way', 'prints the three deploys of a rotation', ''],
    [
      1,
      { [SECRET]: STRONG, [NEXT]: COMING },
      '1 of 3: the new secret verifies everywhere, and signs nowhere yet',
      'shows deploy 2, which comes next',
      `deploy 1 is in force here (key ${K} signs, and key ${NEW} verifies), and deploy 2 comes next`,
    ],
    [
      2,
      { [SECRET]: COMING, [PREVIOUS]: STRONG },
      '2 of 3: the new secret signs, and the former one goes on verifying',
      'shows deploy 3, which comes next',
      `deploy 2 is in force here (key ${NEW} signs), and deploy 3 comes next`,
    ],
  ])('%d', async (stage, variables, said, next, plan) => {
    const env = { ...DEV, ...variables } as Record<string, string>;
    const { stdout } = await keyturn(['status'], { env });
    expect(stdout).toMatch(new RegExp(`^deploy +${said}$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^next: keyturn rotate  # ${next}$`, 'm'));
    expect(JSON.parse((await keyturn(['status', '--json'], { env })).stdout).deploy).toBe(stage);
    if (stage === 0) return;
    const ran = await keyturn(['rotate'], { env });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).not.toMatch(HEX);
    expect(ran.stdout).toContain(plan);
    const numbers = [...ran.stdout.matchAll(/^deploy (\d),/gm)].map(([, number]) => Number(number));
    expect(numbers).toEqual([1, 2, 3].slice(stage));
    const json = JSON.parse((await keyturn(['rotate', '--json'], { env })).stdout);
    expect(json).toMatchObject({ next: stage + 1, secret: null, kid: stage === 1 ? NEW : null });
  });
});

test.concurrent('revoke names the variables to deploy', async () => {
  const env = { ...DEV, [SECRET]: STRONG, [PREVIOUS]: OLDER };
  const ran = await keyturn(['revoke', kidOf(OLDER), '--reason', 'leaked'], { env });
  expect(ran).toMatchObject({ code: 1, stdout: '' });
  expect(ran.stderr).toMatch(TWO_LINES);
  expect(ran.stderr).toContain(`${SECRET}__REVOKED_KIDS`);
});
