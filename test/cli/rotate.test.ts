// keyturn rotate and revoke where processes run that follow the file.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMING, kidOf, OLDER, STRONG } from '../support/machine.js';
import { Replica } from './replica.js';
import { DEV, overwrite, RING, ringFolder, ringIn, run, statesOf, textOf, until } from './ring.js';
import { TWO_LINES } from './run.js';

const [K, NEW] = [kidOf(STRONG), kidOf(COMING)];
const ACTIVE = { secret: STRONG, state: 'active' } as const;

function stagedKid(cwd: string): string {
  return ringIn(cwd).keys.find(({ state }) => state === 'staged')?.kid as string;
}

describe('with running processes', () => {
  test.concurrent('rotate --wait goes through at once when all of them report; nobody is logged out', async () => {
    const cwd = await ringFolder(ACTIVE);
    const [one, two] = await Promise.all([Replica.start(cwd), Replica.start(cwd)]);
    const token = await one.sign();
    const ran = await run(cwd, 'rotate', '--wait', '--replicas', '2');
    expect(ran.code).toBe(0);
    const [kid, former] = ringIn(cwd).keys;
    expect(statesOf(ringIn(cwd))).toEqual([`${kid?.kid} active`, `${K} retiring`]);
    expect(former?.kid).toBe(K);
    expect(ran.stderr).toMatch(new RegExp(`^keyturn: staged ${kid?.kid}: `));
    expect(ran.stdout).toMatch(
      new RegExp(`^promoted ${kid?.kid}: it signs now; ${K} turned retiring, safe to`),
    );
    // Without their reports it would be max_lag and the skew of clocks: four seconds.
    const [staged, promoted] = ringIn(cwd)
      .history.slice(-2)
      .map(({ at }) => Date.parse(at));
    expect((promoted as number) - (staged as number)).toBeLessThan(4000);
    expect(await two.verify(token)).toMatchObject({ ok: true });
    for (const replica of [one, two]) {
      for (;;) if ((await replica.hear('changed')).signs === kid?.kid) break;
    }
    expect((await two.sign()).includes(kid?.kid as string)).toBe(true);
  });

  test.concurrent('status tells what they know, and what differs; --watch tells what changes', async () => {
    const cwd = await ringFolder({ secret: COMING, state: 'staged', daysAgo: 0 }, ACTIVE);
    const replica = await Replica.start(cwd);
    await replica.verify(await replica.sign());
    const fine = JSON.parse((await run(cwd, 'status', '--json')).stdout);
    expect(fine).toMatchObject({ differing: [], replicas: [{ signs: K, degraded: null, profile: 'dev' }] });
    expect(fine.keys.map(({ knownBy }: { knownBy: number }) => knownBy)).toEqual([1, 1]);
    const shown = await run(cwd, 'status');
    expect(shown.stdout).toMatch(new RegExp(`^${NEW} +staged .* 1 of 1 replica .* safe to promote`, 'm'));
    expect(shown.stdout).toMatch(/^\S+-\d+-\S+ +dev +generation 1, \S{11} +\S{8} .* fine$/m);
    const { instance } = fine.replicas[0];

    // A file that is broken for a moment: the process goes by the last good ring, and says so.
    const good = textOf(cwd);
    overwrite(cwd, '{');
    await until(() => expect(readReport(cwd, instance).degraded).toMatch(/is not valid JSON/));
    overwrite(cwd, good);
    const degraded = await run(cwd, 'status');
    expect(degraded.code).toBe(0);

    // A process that is stopped knows nothing of what comes.
    replica.child.kill('SIGSTOP');
    await run(cwd, 'retire', '--reason', 'another one comes', '--', NEW);
    const differs = await run(cwd, 'status');
    expect(differs.code).toBe(0);
    // It may have been stopped before it saw that the file is fine again.
    expect(differs.stdout).toMatch(
      new RegExp(`^replicas: ${instance} (still uses an older keyring|is degraded)`, 'm'),
    );
    expect(JSON.parse((await run(cwd, 'status', '--json')).stdout).differing).toEqual([instance]);
    replica.child.kill('SIGCONT');
  });

  test.concurrent('rotate --wait gives up, names who is missing, and leaves the key staged', async () => {
    const cwd = await ringFolder(ACTIVE);
    const replica = await Replica.start(cwd, { ...DEV, KEYTURN_INSTANCE: 'replica-a' });
    replica.child.kill('SIGSTOP');
    const began = performance.now();
    const ran = await run(cwd, 'rotate', '--wait', '--timeout', '3s', '--replicas', '3');
    const took = performance.now() - began;
    expect(ran).toMatchObject({ code: 3, stdout: '' });
    const kid = stagedKid(cwd);
    const [error, hint] = ran.stderr.split('\n').filter((line) => /error|hint/.test(line)) as [
      string,
      string,
    ];
    expect(error).toMatch(
      new RegExp(
        `^keyturn: error: gave up after 3 s, and the key ${kid} stays staged: replica-a \\(\\S+-${replica.child.pid}-\\S+\\) cannot verify with it yet; 2 of 3 do not report$`,
      ),
    );
    expect(hint).toContain('go on with keyturn rotate --wait; keyturn status shows all replicas');
    // It looks about once a second, and says it again when something changes, or every 5 s.
    const said = ran.stderr.match(
      /keyturn: waiting: 0 of 3 replicas know key \S+, not safe before replica-a \(\S+\) does\n/g,
    );
    expect(said?.length).toBeGreaterThan(0);
    expect(said?.length).toBeLessThanOrEqual(1 + took / 5000);
    expect((await run(cwd, 'status')).stdout).toMatch(/^replica-a \(\S+\) +dev /m);
    expect((await run(cwd, 'status')).stdout).toMatch(
      /\nnext: keyturn rotate --wait {2}# waits, and promotes it: not safe to promote: unknown to/,
    );

    // It wakes up, and the same key goes on.
    replica.child.kill('SIGCONT');
    const again = await run(cwd, 'rotate', '--wait', '--json');
    expect(again.code).toBe(0);
    expect(again.stderr).toContain(`keyturn: ${kid} is staged already: going on with it\n`);
    expect(JSON.parse(again.stdout)).toMatchObject({ step: 'rotate', kid, staged: false, promoted: true });
    expect(ringIn(cwd).history.map(({ what }) => what)).toEqual(['stage', 'promote']);
  });

  test.concurrent('revoke takes effect within a second', async () => {
    const cwd = await ringFolder(ACTIVE);
    const replica = await Replica.start(cwd);
    const token = await replica.sign();
    expect(await replica.verify(token)).toMatchObject({ ok: true });
    const ran = await run(cwd, 'revoke', K, '--reason', 'leaked');
    const done = Date.now();
    expect(ran.code).toBe(0);
    await replica.hear('changed');
    expect(Date.now() - done).toBeLessThan(1000);
    expect(await replica.verify(token)).toEqual({ ok: false, reason: 'revoked_key' });
    expect(await replica.verify(await replica.sign())).toMatchObject({ ok: true });
  });

  test.concurrent('a command by other rules than theirs is refused', async () => {
    const cwd = await ringFolder(ACTIVE);
    await Replica.start(cwd);
    const ran = await run(cwd, 'stage', '--env', 'prod');
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(TWO_LINES);
    expect(ran.stderr).toContain('run it with --env dev');
  });
});

describe('without any process', () => {
  test.concurrent('rotate --wait waits until it is safe by time alone', async () => {
    const cwd = await ringFolder(ACTIVE);
    const ran = await run(cwd, 'rotate', '--wait', '--reason', 'yearly');
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(/waiting: no replica reports that it knows key \S+, safe in \d s\n/);
    expect(ran.stdout).toMatch(/^promoted /);
    expect(ringIn(cwd).history).toMatchObject([
      { what: 'stage', why: 'yearly' },
      { what: 'promote', why: 'yearly' },
    ]);
  });

  test.concurrent('rotate without --wait stages, and a second one says what to do', async () => {
    const cwd = await ringFolder(ACTIVE);
    const ran = await run(cwd, 'rotate', '--json');
    expect(JSON.parse(ran.stdout)).toMatchObject({ step: 'rotate', staged: true, promoted: false });
    const again = await run(cwd, 'rotate');
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toContain('is staged already\nkeyturn: hint: promote it, or retire it first');
  });

  test.concurrent('gives up on time: says when it is safe', async () => {
    const cwd = await ringFolder(ACTIVE);
    const ran = await run(cwd, 'rotate', '--wait', '--timeout', '1s');
    expect(ran.code).toBe(3);
    expect(ran.stderr).toMatch(
      /error: gave up after 1 s, and the key \S+ stays staged: no replica is known to lack it, but not all are known to have it\n/,
    );
    expect(ran.stderr).toMatch(
      /hint: it is safe at .* \((in \d s|\d s ago|now)\); go on with keyturn rotate --wait/,
    );
  });

  test.concurrent('rotate --activate-in: it signs by itself, and --wait does not hurry it', async () => {
    const cwd = await ringFolder(ACTIVE);
    const ran = await run(cwd, 'rotate', '--activate-in', '1h');
    const kid = stagedKid(cwd);
    expect(ran.stdout).toMatch(
      new RegExp(`^staged ${kid}: .*; signs by itself from .* \\(in (1 h|59 min 5\\d s)\\)\n`),
    );
    const before = textOf(cwd);
    const wait = await run(cwd, 'rotate', '--wait');
    expect(wait).toMatchObject({ code: 1, stdout: '' });
    expect(wait.stderr).toMatch(TWO_LINES);
    expect(wait.stderr).toContain(`the key ${kid} is staged, and signs by itself from`);
    expect(textOf(cwd)).toBe(before);
  });

  test.concurrent('--out is refused: the document holds the secret', async () => {
    const cwd = await ringFolder(ACTIVE);
    const ran = await run(cwd, 'rotate', '--out', 'new');
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(TWO_LINES);
    expect(readdirSync(cwd).sort()).toEqual(['.keyturn', 'keyturn.toml']);
    expect(ringIn(cwd).generation).toBe(1);
  });
});

test.concurrent('a key in the ring that verifies is not the one that signs: the tokens of both are accepted', async () => {
  const cwd = await ringFolder(ACTIVE, { secret: OLDER, state: 'retiring', daysAgo: 0 });
  const replica = await Replica.start(cwd);
  const token = await replica.sign();
  expect((await run(cwd, 'rollback')).code).toBe(0);
  for (;;) if ((await replica.hear('changed')).signs === kidOf(OLDER)) break;
  expect(await replica.verify(token)).toMatchObject({ ok: true, stale: true });
  // The tokens of a process that has ended are no reason to wait for it.
  await replica.stop();
  expect((await run(cwd, 'status')).stdout).toContain('no process reports beside the file');
});

function readReport(cwd: string, instance: string): { degraded?: string } {
  return JSON.parse(readFileSync(join(cwd, `${RING}.fleet`, `${instance}.json`), 'utf8'));
}
