// Built-in purposes that an app has switched off: nothing is signed for them, nothing accepted, and no key kept.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from '../../src/keyring/document.js';
import { overwrite, RING, ringFolder, textOf } from '../cli/ring.js';
import { keyturn } from '../cli/run.js';
import { writeReport } from '../support/file-reports.js';
import { reportOf } from '../support/heard.js';
import { folderWith, kidOf, OLDER, refusalOn, SECRET, STRONG, startOn } from '../support/machine.js';

const BUILTIN = 'KEYTURN_PURPOSES__BUILTIN';
const PROD = { KEYTURN_ENV: 'prod', [SECRET]: STRONG };
const [K, OLD] = [kidOf(STRONG), kidOf(OLDER)];

/** A key that turned retiring eight days ago, and could sign everything there is. */
async function folder(): Promise<string> {
  const cwd = await ringFolder(
    { secret: STRONG, state: 'active' },
    { secret: OLDER, state: 'retiring', daysAgo: 8 },
  );
  const document = JSON.parse(textOf(cwd));
  const day = 86_400;
  document.keys[1].lifetimes = { session: 7 * day, csrf: 7 * day, refresh: 30 * day, invitation: 30 * day };
  overwrite(cwd, `${JSON.stringify(document)}\n`);
  return cwd;
}

describe('keys', () => {
  test('of an app of sessions alone need not wait for 30 days', async () => {
    const cwd = await folder();
    const env = { KEYTURN_ENV: 'dev' };
    expect((await keyturn(['retire'], { cwd, env })).code).toBe(3);
    const impact = await keyturn(['impact', 'revoke', OLD, '--json'], {
      cwd,
      env: { ...env, [BUILTIN]: 'session' },
    });
    const rows = JSON.parse(impact.stdout).rows.map(({ purpose }: { purpose: string }) => purpose);
    expect(rows).toEqual(['session', 'csrf', 'csrf-id', 'flash']);
    const ran = await keyturn(['retire'], { cwd, env: { ...env, [BUILTIN]: 'session' } });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain(`retired ${OLD}`);
  });

  test('are kept as long as a replica still goes by the purpose', async () => {
    const cwd = await folder();
    const report = reportOf({ verifies: [K, OLD], signs: K, lifetimes: { refresh: 30 * 86_400 } });
    await writeReport(join(cwd, RING), report, parseDocument(textOf(cwd), RING));
    const ran = await keyturn(['retire'], { cwd, env: { KEYTURN_ENV: 'dev', [BUILTIN]: 'session' } });
    expect(ran.code).toBe(3);
  });

  test('of the next rotation record only what is switched on', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const env = { KEYTURN_ENV: 'dev', [BUILTIN]: '["session", "jwt"]' };
    await keyturn(['stage'], { cwd, env });
    const [, active] = JSON.parse(textOf(cwd)).keys;
    expect(Object.keys(active.lifetimes).sort()).toEqual(['csrf', 'csrf-id', 'flash', 'jwt', 'session']);
  });
});

describe('what is switched off', () => {
  test.each(['prod', 'dev'])('in %s is neither signed nor accepted', async (profile) => {
    const on = (await startOn({ env: { ...PROD, KEYTURN_ENV: profile } })).keyturn;
    const { createJwt } = await import('../../src/jwt/index.js');
    expect(() => on.links()).not.toThrow();
    const { keyturn: app } = await startOn({ env: { ...PROD, KEYTURN_ENV: profile, [BUILTIN]: 'session' } });
    const off = expect.objectContaining({
      code: 'purpose_undeclared',
      hint: expect.stringContaining('builtin under [purposes]'),
    });
    expect(() => app.links()).toThrow(off);
    expect(() => createJwt(app, { issuer: 'x', audience: 'y' })).toThrow(off);
    // Its name stays Keyturn's own.
    for (const name of ['jwt', 'url', 'refresh'])
      expect(() => app.signer(name, { maxAge: '1h' })).toThrow(
        expect.objectContaining({ code: 'purpose_reserved' }),
      );
  });

  test('a purpose of apps can be declared anew, with a lifetime of its own', async () => {
    const env = { ...PROD, [BUILTIN]: 'session' };
    const { keyturn: without } = await startOn({ env });
    expect(() => without.signer('invitation')).toThrow(
      expect.objectContaining({ code: 'purpose_undeclared' }),
    );
    const { keyturn: app } = await startOn({ env: { ...env, KEYTURN_PURPOSES__INVITATION__MAX_AGE: '2d' } });
    const invitation = app.signer('invitation');
    expect(invitation.verify(invitation.sign('x'))).toMatchObject({ ok: true });
  });

  test('from a file, and nothing of the rest is disturbed', async () => {
    const cwd = await folderWith({
      'keyturn.toml': '[purposes]\nbuiltin = ["jwt"]\n\n[purposes.report]\nmax_age = "3d"\n',
    });
    const { keyturn: app } = await startOn({ cwd, env: PROD });
    const report = app.signer('report');
    expect(report.verify(report.sign('x'))).toMatchObject({ ok: true });
    expect(() => app.links()).toThrow();
  });
});

describe('refused', () => {
  test.each([
    ['a name that is none', 'session,jtw'],
    ['a part that comes with another', 'csrf-id'],
  ])('%s', async (_, value) => {
    const error = await refusalOn({ env: { ...PROD, [BUILTIN]: value } });
    expect(error).toMatchObject({ code: 'config_invalid' });
    expect(error.message).toContain('must be a list of some of "session", "csrf"');
  });

  test('a lifetime for what is switched off', async () => {
    const env = { ...PROD, [BUILTIN]: 'session', KEYTURN_PURPOSES__JWT__MAX_AGE: '5min' };
    expect(await refusalOn({ env })).toMatchObject({ code: 'purpose_undeclared' });
  });

  test('a program switches off for itself: commands go on waiting, and files and variables go before it', async () => {
    const { keyturn: app } = await startOn({ env: PROD }, { purposes: { builtin: ['session'] } });
    expect(() => app.links()).toThrow();
    const both = await startOn({ env: { ...PROD, [BUILTIN]: 'session,url' } }, { purposes: { builtin: [] } });
    expect(() => both.keyturn.links()).not.toThrow();
  });
});
