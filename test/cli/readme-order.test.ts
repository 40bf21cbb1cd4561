// The order that README gives, with processes as they are in production: variable, init, restart without the variable,
// rotate --wait. Nobody is logged out by any of it, and what would log somebody out is refused.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FILE, kidOf, NEXT, OLDER, PREVIOUS, SECRET, STRONG } from '../support/machine.js';
import { until } from '../support/waiting.js';
import { Replica } from './replica.js';
import { newFolder, RING, ringIn, statesOf, textOf } from './ring.js';
import { keyturn, type Ran, TWO_LINES } from './run.js';

const K = kidOf(STRONG);
/** Production, by a lease of which a third is the pause between two reports. */
const PROD = {
  KEYTURN_ENV: 'prod',
  KEYTURN_SECURITY__KEYRING__MAX_LAG: '1s',
  KEYTURN_SECURITY__KEYRING__LEASE: '6s',
};
const WITH = { ...PROD, [SECRET]: STRONG };

function errorOf({ stderr }: Ran): string {
  return stderr.slice(stderr.indexOf('keyturn: error:'));
}

test('variable, init, restart without it, rotate --wait', async () => {
  const cwd = newFolder();
  const run = async (env: Record<string, string>, ...args: string[]) => await keyturn(args, { cwd, env });
  const former = await Replica.start(cwd, WITH);
  const token = await former.sign();

  const init = await run(WITH, 'init');
  expect(init.code).toBe(0);
  expect(init.stderr).toContain(
    `${SECRET} still hides .keyturn/keyring.json, which holds the same keys; take away: ${SECRET}\n`,
  );
  expect(init.stderr).toContain('then restart every process without it, and rotate: keyturn rotate --wait\n');

  // A key is staged, and that is all: the process does not know it.
  const early = await run(WITH, 'rotate', '--wait');
  expect(early).toMatchObject({ code: 3, stdout: '' });
  const [staged] = ringIn(cwd).keys.filter(({ state }) => state === 'staged');
  const kid = staged?.kid as string;
  expect(statesOf(ringIn(cwd))).toEqual([`${kid} staged`, `${K} active`]);
  expect(early.stderr).toContain(`keyturn: staged ${kid} in ${join(cwd, RING)}\n`);
  expect(errorOf(early)).toMatch(TWO_LINES);
  expect(errorOf(early)).toContain(`the key ${kid} is staged, and cannot sign yet: ${SECRET} hides`);
  expect(errorOf(early)).toContain(
    `hint: take ${SECRET} away, here and where the processes run, and restart them all without it; then keyturn rotate --wait`,
  );
  const before = textOf(cwd);
  const again = await run(WITH, 'rotate', '--json');
  expect(again.code).toBe(3);
  expect(JSON.parse(again.stdout)).toMatchObject({
    error: { code: 'source_differs' },
    kid,
    staged: false,
    takeAway: [SECRET],
  });
  for (const args of [['promote'], ['promote', '--', kid], ['rollback'], ['retire'], ['retire', '--', kid]]) {
    const refused = await run(WITH, ...args);
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toContain(`this environment takes its keys from ${SECRET}, which hides`);
  }
  expect((await run(WITH, 'status')).stdout).toContain(`\nnext: take ${SECRET} away, here and where`);
  expect(textOf(cwd)).toBe(before);

  // Here the variable is gone, and the process still goes by it: it has said so since the document is there.
  await until(() => existsSync(join(cwd, `${RING}.fleet`)));
  await until(async () => JSON.parse((await run(PROD, 'status', '--json')).stdout).replicas.length === 1);
  const shown = (await run(PROD, 'status')).stdout;
  expect(shown).toMatch(new RegExp(` takes its keys from ${SECRET}$`, 'm'));
  expect(shown).toMatch(
    new RegExp(`takes its keys from ${SECRET}, and not from this keyring; restart \\S+ without ${SECRET}\n`),
  );
  expect(shown).toMatch(/\nnext: first restart \S+ without \S+: \S+ takes its keys from /);
  expect(shown).toContain('and this command ');
  expect(shown).toMatch(/; restart \S+, which was started before the files were there\n/);
  expect(shown).not.toMatch(/another ring|rotate --wait|in the folder where/);
  const elsewhere = await keyturn(['status', '--cwd', cwd], { cwd: newFolder(), env: WITH });
  expect(elsewhere.stdout).toContain(`then keyturn rotate --cwd ${cwd} --wait\n`);
  const { checks } = JSON.parse((await run(PROD, 'doctor', '--json')).stdout);
  expect(JSON.stringify(checks)).toContain(`takes its keys from ${SECRET}, and not from this keyring`);
  for (const args of [['promote'], ['promote', '--replicas', '1'], ['rotate', '--wait']]) {
    const refused = await run(PROD, ...args);
    expect(refused.code).toBe(3);
    expect(errorOf(refused)).toMatch(
      new RegExp(
        `error: \\S+-${former.child.pid}-\\S+ takes its keys from ${SECRET}, and not from this keyring\n`,
      ),
    );
  }
  expect(textOf(cwd)).toBe(before);

  const next = await Replica.start(cwd, PROD);
  await former.stop();
  expect(await next.verify(token)).toMatchObject({ ok: true });
  const rotated = await run(PROD, 'rotate', '--wait');
  expect(rotated.code).toBe(0);
  expect(rotated.stderr).toContain(`${kid} is staged already: going on with it`);
  expect(statesOf(ringIn(cwd))).toEqual([`${kid} active`, `${K} retiring`]);
  for (;;) if ((await next.hear('changed')).signs === kid) break;
  expect(await next.verify(token)).toMatchObject({ ok: true, stale: true });
  const retire = await run(PROD, 'retire');
  expect(retire.code).toBe(3);
  // By its last report, which may be a moment old, or by time.
  expect(retire.stderr).toMatch(new RegExp(`still signs with the key ${K}|tokens of the key ${K} may still`));
});

test.concurrent('companions are taken away with the variable, and stage says what comes first', async () => {
  const cwd = newFolder();
  const env = { ...WITH, [PREVIOUS]: OLDER };
  expect((await keyturn(['init'], { cwd, env })).code).toBe(0);
  const ran = await keyturn(['stage'], { cwd, env });
  expect(ran.code).toBe(0);
  expect(ran.stdout).toContain(
    `next: take ${SECRET} and ${PREVIOUS} away, here and where the processes run, and restart them all without them`,
  );
  expect(readFileSync(join(cwd, RING), 'utf8')).toContain('"staged"');
});

test.concurrent('where a variable has another secret than the document, its own deploys are printed', async () => {
  const cwd = newFolder();
  expect((await keyturn(['init'], { cwd, env: WITH })).code).toBe(0);
  const before = textOf(cwd);
  for (const env of [
    { ...PROD, [SECRET]: OLDER },
    { ...WITH, [NEXT]: OLDER },
  ]) {
    const ran = await keyturn(['rotate'], { cwd, env });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('deploy 2');
    expect((await keyturn(['promote'], { cwd, env })).stderr).toContain('and not a keyring document');
  }
  expect(textOf(cwd)).toBe(before);
});

test.concurrent('a file that a variable names is no other case', async () => {
  const cwd = newFolder();
  writeFileSync(join(cwd, 'secret'), STRONG, { mode: 0o600 });
  const env = { ...PROD, [FILE]: 'secret' };
  expect((await keyturn(['init'], { cwd, env })).code).toBe(0);
  const ran = await keyturn(['rotate', '--wait'], { cwd, env });
  expect(ran.code).toBe(3);
  expect(ran.stderr).toContain(`take ${FILE} away`);
  const dry = newFolder();
  writeFileSync(join(dry, 'secret'), STRONG, { mode: 0o600 });
  await keyturn(['init'], { cwd: dry, env });
  const before = textOf(dry);
  const shown = await keyturn(['rotate', '--dry-run'], { cwd: dry, env });
  expect(shown.stdout).toMatch(/^dry run, nothing is changed: staged a fresh key: /);
  expect(textOf(dry)).toBe(before);
});
