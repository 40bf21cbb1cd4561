// Whatever is wrong with the file: the last good keyring stays in force, and everybody who looks can see it.
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LeakSearch } from '../support/leaks.js';
import { COMING, FILE, kidOf, OLDER, STRONG } from '../support/machine.js';
import { documentOf, follow, newFolder, severalLooks } from '../support/ring-file.js';
import { runScript } from '../support/script.js';
import { until } from '../support/waiting.js';

const WEAK = 'correct-horse';
const GOOD = documentOf(5, [
  [STRONG, 'active'],
  [OLDER, 'retiring'],
]);
const NEWER = documentOf(
  6,
  [
    [COMING, 'staged'],
    [STRONG, 'active'],
    [OLDER, 'retiring'],
  ],
  { after: GOOD },
);
const leaks = new LeakSearch({ 'the active secret': STRONG, 'the new secret': COMING }, []);

function ringFile(text = GOOD): string {
  const path = join(newFolder(), 'keyring.json');
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** At once: what is seen on the way to a fault would be another one. */
function put(path: string, content: string | Uint8Array): void {
  writeFileSync(`${path}~`, content);
  renameSync(`${path}~`, path);
}

/** What happens to the file, and the code that says so. */
const FAULTS: ReadonlyArray<readonly [what: string, code: string, happens: (path: string) => void]> = [
  ['empty', 'secret_empty', (path) => put(path, '')],
  ['of blank lines', 'secret_empty', (path) => put(path, ' \n\n')],
  ['half-written', 'document_invalid', (path) => put(path, NEWER.slice(0, NEWER.length / 2))],
  ['cut off by one character', 'document_invalid', (path) => put(path, NEWER.trim().slice(0, -1))],
  ['of bytes that are no text', 'secret_malformed', (path) => put(path, Buffer.of(0xff, 0xfe, 0))],
  ['JSON of another kind', 'document_invalid', (path) => put(path, `{"secret":"${COMING}"}`)],
  ['without an active key', 'keyring_invalid', (path) => put(path, NEWER.replace('"active"', '"retiring"'))],
  ['of a newer version', 'document_version', (path) => put(path, NEWER.replace(': 1,', ': 2,'))],
  ['with a secret under another id', 'document_invalid', (path) => put(path, NEWER.replace(STRONG, OLDER))],
  ['weaker', 'secret_weak', (path) => put(path, documentOf(6, [[WEAK, 'active']]))],
  ['a weak line', 'secret_weak', (path) => put(path, WEAK)],
  ['too large', 'secret_unreadable', (path) => put(path, ' '.repeat(1024 * 1024 + 1))],
  ['gone', 'secret_unreadable', (path) => unlinkSync(path)],
  [
    'gone with its folder',
    'secret_unreadable',
    (path) => renameSync(dirname(path), `${dirname(path)}-moved`),
  ],
  [
    'a folder',
    'secret_unreadable',
    (path) => {
      mkdirSync(`${path}.d`);
      symlinkSync('keyring.json.d', `${path}~`);
      renameSync(`${path}~`, path);
    },
  ],
  [
    'a link to itself',
    'secret_unreadable',
    (path) => {
      symlinkSync('keyring.json', `${path}~`);
      renameSync(`${path}~`, path);
    },
  ],
  ['of an older generation', 'keyring_outdated', (path) => put(path, documentOf(4, [[STRONG, 'active']]))],
  [
    'of the same generation with other keys',
    'keyring_forked',
    (path) => put(path, documentOf(5, [[STRONG, 'active']])),
  ],
  [
    'of a later generation that has not come from this one',
    'keyring_forked',
    (path) =>
      put(
        path,
        documentOf(
          9,
          [
            [STRONG, 'active'],
            [OLDER, 'retiring'],
          ],
          { after: documentOf(5, [[STRONG, 'active']]) },
        ),
      ),
  ],
  [
    'of a later generation from which a live key has vanished without a step',
    'keyring_forked',
    (path) => put(path, documentOf(6, [[STRONG, 'active']], { after: GOOD })),
  ],
  [
    'another ring',
    'keyring_forked',
    (path) =>
      put(
        path,
        documentOf(
          9,
          [
            [STRONG, 'active'],
            [OLDER, 'retiring'],
          ],
          { id: 'another-ring', after: GOOD },
        ),
      ),
  ],
  // Any strong line would do as a secret.
  ['a line that is no document', 'keyring_outdated', (path) => put(path, `${COMING}\n`)],
  ['an array that is no document', 'keyring_outdated', (path) => put(path, JSON.stringify([STRONG, COMING]))],
];

test('a source that the configuration names only since the start', async () => {
  const cwd = newFolder();
  const toml = (file: string) => `[security.signing_secret]\nfile = "${file}"\n`;
  writeFileSync(join(cwd, 'keyturn.toml'), toml('one.json'));
  for (const name of ['one.json', 'two.json']) writeFileSync(join(cwd, name), GOOD, { mode: 0o600 });
  const { keyturn, of } = await follow('', {
    cwd,
    env: { [FILE]: undefined } as unknown as Record<string, string>,
  });
  writeFileSync(join(cwd, 'keyturn.toml'), toml('two.json'));
  put(join(cwd, 'two.json'), NEWER);
  await keyturn.reload();
  expect(keyturn.health).toMatchObject({
    generation: 5,
    degraded: expect.stringContaining('another source'),
  });
  expect(of('keyring.reload_failed').map(({ facts }) => facts.code)).toEqual(['keyring_outdated']);
  writeFileSync(join(cwd, 'keyturn.toml'), toml('one.json'));
  await until(() => keyturn.health.degraded === undefined);
});

/** Good again, whatever was there. */
function repair(path: string, text: string): void {
  const moved = `${dirname(path)}-moved`;
  try {
    renameSync(moved, dirname(path));
  } catch {
    // It had not been moved.
  }
  rmSync(path, { recursive: true, force: true });
  writeFileSync(path, text);
}

describe.concurrent('a file that is', () => {
  test.each(FAULTS)('%s is refused: %s', async (_, code, happens) => {
    const path = ringFile();
    const { keyturn, log, of } = await follow(path);
    const signer = keyturn.signer('invitation');
    const token = signer.sign('before');
    expect(keyturn.metrics()).toContain('\nkeyturn_degraded 0\n');

    happens(path);
    await until(() => keyturn.health.degraded !== undefined);
    expect(keyturn.health).toMatchObject({ ready: true, generation: 5, signs: kidOf(STRONG) });
    expect(keyturn.metrics()).toContain('\nkeyturn_degraded 1\n');
    expect(keyturn.metrics()).toMatch(/\nkeyturn_keyring_generation\{[^}]*\} 5\n/);
    expect(signer.verify(token)).toMatchObject({ ok: true });
    expect(signer.verify(signer.sign('meanwhile'))).toMatchObject({ ok: true });

    await severalLooks();
    expect(of('keyring.reload_failed')).toEqual([
      {
        level: 'error',
        facts: { event: 'keyring.reload_failed', code, hint: expect.stringMatching(/\w/) },
        message: `the last good keyring stays in force: ${keyturn.health.degraded}`,
      },
    ]);
    expect(leaks.find(JSON.stringify([log, keyturn.health]) + keyturn.metrics())).toEqual([]);

    repair(path, NEWER);
    await until(() => keyturn.health.degraded === undefined);
    expect(keyturn.keyring.generation).toBe(6);
    expect(keyturn.metrics()).toContain('\nkeyturn_degraded 0\n');
    expect(of('keyring.recovered').at(-1)?.level).toBe('info');
    expect(signer.verify(token)).toMatchObject({ ok: true });
  });

  test('put back as it was counts as recovered', async () => {
    const path = ringFile();
    const { keyturn, of } = await follow(path);
    writeFileSync(path, '{');
    await until(() => keyturn.health.degraded);
    writeFileSync(path, GOOD);
    await until(() => of('keyring.recovered').length === 1);
    expect([keyturn.health.degraded, of('keyring.changed')]).toEqual([undefined, []]);
  });

  test('broken in another way is said again, and so it is when the operator asks', async () => {
    const path = ringFile();
    const { keyturn, of } = await follow(path);
    const codes = () => of('keyring.reload_failed').map(({ facts }) => facts.code);
    writeFileSync(path, '{');
    await until(() => codes().length === 1);
    unlinkSync(path);
    await until(() => codes().length === 2);
    await keyturn.reload();
    expect(codes()).toEqual(['document_invalid', 'secret_unreadable', 'secret_unreadable']);
  });

  test('of the same generation with another plan is refused', async () => {
    const scheduled = (at: number) =>
      documentOf(5, [
        [COMING, 'staged', { scheduledFor: at }],
        [STRONG, 'active'],
      ]);
    const path = ringFile(scheduled(Date.now() + 3_600_000));
    const { keyturn, of } = await follow(path);
    writeFileSync(path, scheduled(Date.now() + 7_200_000));
    await until(() => keyturn.health.degraded);
    expect(of('keyring.reload_failed')[0]?.facts.code).toBe('keyring_forked');
  });

  test('older is what a restart goes back to', async () => {
    const path = ringFile();
    const { keyturn } = await follow(path);
    const older = documentOf(4, [[STRONG, 'active']]);
    writeFileSync(path, older);
    await until(() => keyturn.health.degraded);
    const restarted = await follow(path);
    expect(restarted.keyturn.keyring.generation).toBe(4);
  });
});

test('a cause that lies beside the file is seen to be gone', async () => {
  const path = ringFile();
  const config = join(dirname(path), 'keyturn.toml');
  const { keyturn, of } = await follow(path);
  writeFileSync(config, 'this is no TOML');
  writeFileSync(path, NEWER);
  await until(() => keyturn.health.degraded);
  unlinkSync(config);
  await until(() => keyturn.health.degraded === undefined);
  expect(keyturn.keyring.generation).toBe(6);
  expect(of('keyring.reload_failed')).toHaveLength(1);
});

test('development takes a weak secret at the start, but not in place of a strong one', async () => {
  const env = { KEYTURN_ENV: 'dev' };
  const path = ringFile();
  const { keyturn } = await follow(path, { env });
  writeFileSync(path, documentOf(6, [[WEAK, 'active']]));
  await until(() => keyturn.health.degraded);
  expect(keyturn.health.signs).toBe(kidOf(STRONG));
  const restarted = await follow(path, { env });
  expect(restarted.keyturn.health).toMatchObject({ signs: kidOf(WEAK), degraded: undefined });
  const weak = documentOf(6, [[WEAK, 'active']]);
  const turned = [
    ['correct-donkey', 'active'],
    [WEAK, 'retiring'],
  ] as const;
  writeFileSync(path, documentOf(7, turned, { after: weak }));
  await until(() => restarted.keyturn.keyring.generation === 7);
});

test('a file that this user may not read any more is refused, and named by its error code', async () => {
  const cwd = newFolder();
  const path = join(cwd, 'keyring.json');
  writeFileSync(path, GOOD);
  // Root may read everything: there, the process is another user's.
  const root = process.getuid?.() === 0;
  chmodSync(cwd, 0o755);
  chmodSync(path, 0o644);
  const script = runScript(
    `
    ${root ? 'process.setgid(65534); process.setuid(65534);' : ''}
    const keyturn = await createKeyturn();
    console.log('ready');
    setInterval(() => keyturn.health.degraded && console.log('degraded ' + keyturn.health.generation), 50);
    `,
    cwd,
    { KEYTURN_ENV: 'prod', [FILE]: path },
  );
  await until(() => script.output().includes('ready'));
  chmodSync(path, 0);
  await until(() => script.output().includes('degraded 5'));
  expect(script.output()).toContain('EACCES');
  expect(leaks.find(script.output())).toEqual([]);
  chmodSync(path, 0o644);
  await until(() => script.output().includes('event=keyring.recovered'));
  expect(script.output().match(/keyring\.reload_failed/g)).toHaveLength(1);
  script.kill('SIGKILL');
  await script.ended;
});

test('a disk that fails for a moment is tried again', async () => {
  // Too many open files, for one look only: nothing about the file itself changes.
  const cwd = newFolder();
  const path = join(cwd, 'keyring.json');
  writeFileSync(path, GOOD);
  const script = runScript(
    `
    import { openSync, closeSync, writeFileSync } from 'node:fs';
    const keyturn = await createKeyturn();
    keyturn.on('change', (ring) => console.log('generation ' + ring.generation));
    setInterval(() => {}, 1000);
    const taken = [];
    writeFileSync(${JSON.stringify(path)}, ${JSON.stringify(NEWER)});
    try { for (;;) taken.push(openSync(process.execPath)); } catch (error) { console.log(error.code); }
    // Until a look has failed.
    while (keyturn.health.degraded === undefined) await new Promise((done) => setTimeout(done, 10));
    taken.forEach(closeSync);
    `,
    cwd,
    { KEYTURN_ENV: 'prod', [FILE]: path },
  );
  await until(() => script.output().includes('generation 6'));
  await until(() => script.output().includes('event=keyring.recovered'));
  expect(script.output()).toContain('EMFILE');
  script.kill('SIGKILL');
  await script.ended;
});
