// keyturn impact: what a step does to every purpose, and what it does not touch.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kidOf, OLDER, STRONG } from '../support/machine.js';
import { DEV, newFolder, ringFolder, run, textOf } from './ring.js';
import { keyturn, TWO_LINES } from './run.js';

const [K, OLD] = [kidOf(STRONG), kidOf(OLDER)];

test.concurrent('rotate breaks nothing, and can be asked about before there is a key', async () => {
  const cwd = newFolder();
  const [plain, named] = await Promise.all([run(cwd, 'impact'), run(cwd, 'impact', 'rotate')]);
  expect(plain).toEqual(named);
  expect(plain).toMatchObject({ code: 0, stderr: '' });
  expect(plain.stdout).toMatch(/^what rotate does\n\nPURPOSE +WHAT IS SIGNED +WHERE IT IS KEPT +VALID FOR +/);
  expect(plain.stdout).toMatch(
    /^session +the session cookie +in the cookie +at most 7 d +accepted until it expires +nothing$/m,
  );
  expect(plain.stdout).toMatch(/\nnot affected:\n {2}passwords: /);
});

test.concurrent('revoke signs out, and says so for purposes of the app too', async () => {
  const cwd = await ringFolder({ secret: STRONG, state: 'active' });
  const before = textOf(cwd);
  const toml = `[security.signing_secret]\nfile = ".keyturn/keyring.json"\n[purposes.invoice-link]\nmax_age = "45d"\nabout = "links | invoices"\nstate = "in the link"\n`;
  writeFileSync(join(cwd, 'keyturn.toml'), toml);
  const ran = await run(cwd, 'impact', 'revoke', K);
  expect(ran.stdout).toMatch(new RegExp(`^what revoke ${K} does\n`));
  expect(ran.stdout).toMatch(/^session .* refused at once +they are signed out$/m);
  expect(ran.stdout).toMatch(
    /^invoice-link +links \| invoices +in the link +at most 45 d +refused at once +the app refuses the token$/m,
  );
  const json = JSON.parse((await run(cwd, 'impact', 'revoke', K, '--json')).stdout);
  expect(json).toMatchObject({
    step: 'revoke',
    kid: K,
    safeAt: null,
    rows: expect.any(Array),
    notAffected: expect.any(Array),
  });
  expect(json.rows.find(({ purpose }: { purpose: string }) => purpose === 'invoice-link')).toMatchObject({
    maxAge: 45 * 86400,
    effect: 'refused',
  });
  const markdown = (await run(cwd, 'impact', 'revoke', K, '--markdown')).stdout.split('\n');
  expect(markdown.slice(0, 3)).toEqual([
    '| purpose | what is signed | where it is kept | valid for | what happens | what users notice |',
    '|---|---|---|---|---|---|',
    '| `session` | the session cookie | in the cookie | at most 7 d | refused at once | they are signed out |',
  ]);
  expect(markdown).toContain(
    '| `invoice-link` | links \\| invoices | in the link | at most 45 d | refused at once | the app refuses the token |',
  );
  expect(markdown.join('\n')).toMatch(/\nNot affected:\n\n- passwords: /);
  expect(textOf(cwd)).toBe(before);
});

test.concurrent('retire breaks nothing, and says when it is safe', async () => {
  const cwd = await ringFolder(
    { secret: STRONG, state: 'active' },
    { secret: OLDER, state: 'retiring', daysAgo: 1 },
  );
  const ran = await run(cwd, 'impact', 'retire', OLD);
  expect(ran.stdout).toMatch(/^session .* nothing: none is alive then +nothing$/m);
  expect(ran.stderr).toMatch(
    new RegExp(`^keyturn: note: Keyturn refuses to retire ${OLD} until .* \\(in 29 d 1 h\\)\n$`),
  );
  const json = JSON.parse((await run(cwd, 'impact', 'retire', OLD, '--json')).stdout);
  expect(Date.parse(json.safeAt)).toBeGreaterThan(Date.now() + 28 * 86_400_000);
});

describe('refusals', () => {
  test.concurrent.each([
    [['retire', K], `the key ${K} signs`, 'promote another one first'],
    [['retire', 'abcdefgh'], 'no key with this id', 'keyturn status lists the keys'],
    [['revoke', 'abcdefgh'], 'no key with this id', 'keyturn status lists the keys'],
  ])('%j', async (args, error, hint) => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const ran = await run(cwd, 'impact', ...args);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(TWO_LINES);
    expect(ran.stderr).toContain(error);
    expect(ran.stderr).toContain(hint);
  });

  test.concurrent('no ring, no key', async () => {
    const ran = await keyturn(['impact', 'revoke', K], { cwd: newFolder(), env: DEV });
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toContain('there is no keyring yet');
  });
});
