// What commands say of libraries whose old secrets are accepted still.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseDocument } from '../../src/keyring/document.js';
import { writeReport } from '../support/file-reports.js';
import { reportOf } from '../support/heard.js';
import { kidOf, OLDER, STRONG } from '../support/machine.js';
import { DEV, RING, ringFolder, run } from './ring.js';
import { keyturn } from './run.js';

const K = kidOf(STRONG);
const HOUR = 3_600_000;

/** A folder with a ring, and a library that moves in. @param more lines of its section */
async function folder(more = ''): Promise<string> {
  const cwd = await ringFolder({ secret: STRONG, state: 'active' });
  const path = join(cwd, 'keyturn.toml');
  const section = `[move_in.express-session]\nsecrets = [{ env = "SESSION_SECRET" }]\n${more}`;
  writeFileSync(path, `${readFileSync(path, 'utf8')}${section}`);
  return cwd;
}

async function report(
  cwd: string,
  instance: string,
  phase: string,
  seenAt: number,
  since?: number,
): Promise<void> {
  const path = join(cwd, RING);
  const ring = parseDocument(readFileSync(path, 'utf8'), path);
  const until = Date.parse('2027-01-31');
  const movingIn = [{ name: 'express-session', phase, until, seen: seenAt === 0 ? 0 : 3, seenAt, since }];
  await writeReport(path, reportOf({ instance, ring: ring.id, verifies: [K], signs: K, movingIn }), ring);
}

test.concurrent('status says when the last old cookie was seen', async () => {
  const cwd = await folder('until = 2027-01-31\n');
  // What is configured here, without the secret itself.
  const alone = await run(cwd, 'status');
  expect(alone.code).toBe(0);
  expect(alone.stdout).toContain(
    '\nexpress-session: nobody knows of old cookies, since no replica reports; phase beside; ends 2027-01-31 at the earliest, in the phase over\n',
  );
  await report(cwd, 'web-1-7-aaaa', 'over', Date.now() - 3 * HOUR);
  await report(cwd, 'web-2-7-aaaa', 'over', 0);
  const both = await run(cwd, 'status');
  expect(both.stdout).toMatch(
    /\nexpress-session: last old cookie seen .* \(3 h ago\); phase over; ends 2027-01-31\n/,
  );
  await report(cwd, 'web-2-7-aaaa', 'beside', 0);
  const { movingIn } = JSON.parse((await run(cwd, 'status', '--json')).stdout);
  expect(movingIn).toEqual([
    {
      name: 'express-session',
      phases: ['over', 'beside'],
      until: '2027-01-31T00:00:00.000Z',
      seen: 3,
      lastSeenAt: expect.stringMatching(/Z$/),
      since: null,
    },
  ]);
});

test.concurrent('where none was seen, status says since when that is known', async () => {
  const cwd = await folder('until = 2027-01-31\n');
  await report(cwd, 'web-1-7-aaaa', 'over', 0, Date.now() - 9 * 24 * HOUR);
  await report(cwd, 'web-2-7-aaaa', 'over', 0, Date.now() - 3 * HOUR);
  expect((await run(cwd, 'status')).stdout).toMatch(
    /\nexpress-session: no old cookie seen since .* \(3 h ago\), when the last replica started; phase over; ends 2027-01-31\n/,
  );
  // One that does not say since when: nobody knows.
  await report(cwd, 'web-3-7-aaaa', 'over', 0);
  expect((await run(cwd, 'status')).stdout).toContain('no old cookie seen by the replicas that report;');
});

test.concurrent('a step needs no old secret', async () => {
  const cwd = await folder();
  expect(await run(cwd, 'stage')).toMatchObject({ code: 0 });
});

test.concurrent('a revocation says whom it does not sign out', async () => {
  const line =
    'express-session: whoever holds what an old secret has signed stays signed in, as long as [move_in.express-session] is there; what a key of the keyring has signed is refused with the rest';
  const cwd = await folder();
  expect((await run(cwd, 'impact', 'revoke', K)).stdout).toContain(`\naccepted all the same:\n  ${line}\n`);
  expect((await run(cwd, 'impact', 'rotate')).stdout).not.toContain('accepted all the same');
  expect((await run(cwd, 'revoke', K, '--reason', 'test')).stdout).toContain(line);

  const [over, ended, same] = await Promise.all([
    folder('phase = "over"\nuntil = 2999-01-31\n'),
    folder('phase = "over"\nuntil = 2020-01-31\n'),
    folder(),
  ]);
  expect((await run(over, 'impact', 'revoke', K)).stdout).toContain('stays signed in, until 2999-01-31;');
  expect((await run(ended, 'impact', 'revoke', K)).stdout).not.toContain('an old secret has signed');
  // The app has gone on with the secret that the library had: it is revoked with the key.
  const impactOf = async (secret: string) =>
    (await keyturn(['impact', 'revoke', K], { cwd: same, env: { ...DEV, SESSION_SECRET: secret } })).stdout;
  expect(await impactOf(STRONG)).not.toContain('an old secret has signed');
  expect(await impactOf(OLDER)).toContain('an old secret has signed');
});
