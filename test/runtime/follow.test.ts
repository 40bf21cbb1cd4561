// A running process follows its keyring: whichever way the file is replaced, without a restart.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { KeyringView } from '../../src/keyring/view.js';
import { Follower } from '../../src/resolve/follow.js';
import { resolve } from '../../src/resolve/resolve.js';
import { type ManualClock, testClock } from '../support/keyturn.js';
import { COMING, COMMAND, FILE, kidOf, machine, OLDER, OLDEST, SECRET, STRONG } from '../support/machine.js';
import {
  documentOf,
  follow,
  type KeySpec,
  mount,
  newFolder,
  REPLACED,
  severalLooks,
} from '../support/ring-file.js';
import { until } from '../support/waiting.js';

const ONE = documentOf(1, [[STRONG, 'active']]);
const STAGED = documentOf(
  2,
  [
    [COMING, 'staged'],
    [STRONG, 'active'],
  ],
  { after: ONE },
);
const PROMOTED = documentOf(
  3,
  [
    [COMING, 'active'],
    [STRONG, 'retiring'],
  ],
  { after: STAGED },
);

/** Generations after the first, of which each comes from the one before. */
function line(last: number): readonly string[] {
  const all = [ONE];
  while (all.length < last)
    all.push(documentOf(all.length + 1, [[STRONG, 'active']], { after: all.at(-1) as string }));
  return all;
}

/** A keyring file of its own. */
function ringFile(text: string): string {
  const path = join(newFolder(), 'keyring.json');
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function put(path: string, text: string): void {
  writeFileSync(`${path}~`, text);
  renameSync(`${path}~`, path);
}

describe.concurrent('a file that is replaced', () => {
  test.each(Object.entries(REPLACED))('%s', async (how, replace) => {
    const path = how.includes('Kubernetes') ? mount(newFolder(), ONE) : ringFile(ONE);
    const { keyturn, of } = await follow(path);
    const changes: Array<[KeyringView, KeyringView | undefined]> = [];
    keyturn.on('change', (ring, former) => changes.push([ring, former]));
    const signer = keyturn.signer('invitation');
    const old = signer.sign('before');
    expect(of('keyring.loaded').map(({ facts }) => facts)).toEqual([
      { event: 'keyring.loaded', source: FILE, count: 1, kids: [`${kidOf(STRONG)}:active`] },
    ]);

    replace(path, STAGED);
    await until(() => keyturn.keyring.generation === 2);
    expect(keyturn.keyring.keys.map(({ id, state }) => [id, state])).toEqual([
      [kidOf(COMING), 'staged'],
      [kidOf(STRONG), 'active'],
    ]);
    expect(signer.sign('staged').slice(4, 12)).toBe(kidOf(STRONG));

    replace(path, PROMOTED);
    await until(() => keyturn.keyring.generation === 3);
    expect(signer.sign('promoted').slice(4, 12)).toBe(kidOf(COMING));
    expect(signer.verify(old)).toMatchObject({ ok: true, payload: 'before', stale: true });

    expect(changes.map(([ring, former]) => [former?.generation, ring.generation])).toEqual([
      [1, 2],
      [2, 3],
    ]);
    expect(of('keyring.changed').map(({ level, facts }) => [level, facts])).toEqual([
      [
        'info',
        {
          event: 'keyring.changed',
          count: 2,
          generation: 2,
          kids: [`${kidOf(COMING)}:staged`, `${kidOf(STRONG)}:active`],
          former: [`${kidOf(STRONG)}:active`],
        },
      ],
      ['info', expect.objectContaining({ generation: 3 })],
    ]);
    expect(of('keyring.replaced')).toEqual([]);
    expect(keyturn.health.loadedAt).toBeGreaterThan(Date.now() - 60_000);
  });

  test('is followed within a second', async () => {
    const path = ringFile(ONE);
    const { keyturn } = await follow(path);
    const took: number[] = [];
    const documents = line(8);
    for (let generation = 2; generation < 9; generation++) {
      await new Promise((done) => setTimeout(done, Math.random() * 300));
      const begun = performance.now();
      REPLACED["by an editor's rename"]?.(path, documents[generation - 1] as string);
      await until(() => keyturn.keyring.generation === generation);
      took.push(performance.now() - begun);
    }
    // The median, so that one stop of a busy machine does not count.
    expect(took.sort((a, b) => a - b)[3]).toBeLessThan(1000);
  });

  test('many times in a row ends with the last', async () => {
    const path = ringFile(ONE);
    const { keyturn } = await follow(path);
    const documents = line(220);
    for (let generation = 101; generation <= 220; generation++) {
      // Often two within a tick of the file system's clock.
      REPLACED['in place']?.(path, documents[generation - 1] as string);
      if (generation % 3 === 0) await new Promise((done) => setTimeout(done, Math.random() * 20));
    }
    await until(() => keyturn.keyring.generation === 220);
    await until(() => keyturn.health.degraded === undefined);
  });

  test('between the start of a process and its first look is followed as well', async () => {
    const path = ringFile(ONE);
    const { keyturn } = await follow(path, {
      onLog: (event) => event === 'keyring.loaded' && writeFileSync(path, STAGED),
    });
    await until(() => keyturn.keyring.generation === 2);
  });
});

describe.concurrent('what the file may hold', () => {
  test('an array of secrets', async () => {
    const path = ringFile(JSON.stringify([STRONG]));
    const { keyturn, of } = await follow(path);
    const token = keyturn.signer('invitation').sign(1);
    writeFileSync(path, JSON.stringify([COMING, STRONG]));
    await until(() => keyturn.keyring.keys.length === 2);
    expect(keyturn.health.signs).toBe(kidOf(COMING));
    expect(keyturn.signer('invitation').verify(token)).toMatchObject({ ok: true, stale: true });
    expect(of('keyring.replaced')).toEqual([]);
    expect(keyturn.health.reporting).toBe(false);
  });

  test('a single line, with companions from variables', async () => {
    const path = ringFile(`${STRONG}\n`);
    const { keyturn, of } = await follow(path, { env: { [`${SECRET}__PREVIOUS_SECRETS`]: OLDER } });
    writeFileSync(path, `${COMING}\n`);
    await until(() => keyturn.health.signs === kidOf(COMING));
    expect(keyturn.keyring.keys.map(({ id }) => id)).toEqual([kidOf(COMING), kidOf(OLDER)]);
    expect(of('keyring.replaced')).toEqual([]);
  });

  test('a document where an array was', async () => {
    const path = ringFile(JSON.stringify([STRONG, OLDER]));
    const { keyturn, of } = await follow(path);
    const token = keyturn.signer('invitation').sign(1);
    const lacking: readonly KeySpec[] = [[STRONG, 'active']];
    writeFileSync(path, documentOf(1, lacking));
    await until(() => keyturn.health.degraded !== undefined);
    expect(of('keyring.reload_failed').map(({ facts }) => facts.code)).toEqual(['keyring_forked']);
    writeFileSync(path, documentOf(1, [...lacking, [OLDER, 'retiring'], [OLDEST, 'retiring']]));
    await until(() => keyturn.keyring.generation === 1);
    expect(keyturn.health.degraded).toBeUndefined();
    expect(keyturn.signer('invitation').verify(token).ok).toBe(true);
  });

  test('a document with a key revoked where an array was: not taken, and obeyed', async () => {
    const path = ringFile(JSON.stringify([STRONG, OLDER]));
    const { keyturn } = await follow(path);
    writeFileSync(
      path,
      documentOf(1, [
        [COMING, 'active'],
        [OLDER, 'revoked'],
      ]),
    );
    await until(() => keyturn.health.degraded !== undefined);
    expect(keyturn.keyring.keys.map(({ id, state }) => [id, state])).toEqual([
      [kidOf(STRONG), 'active'],
      [kidOf(OLDER), 'revoked'],
    ]);
    expect(keyturn.health.ready).toBe(true);
  });

  test('another array altogether: an operator put it there by hand; it is taken, with a loud warning', async () => {
    const path = ringFile(STRONG);
    const { keyturn, of } = await follow(path);
    const token = keyturn.signer('invitation').sign(1);
    writeFileSync(path, JSON.stringify([OLDEST]));
    await until(() => keyturn.health.signs === kidOf(OLDEST));
    expect(of('keyring.replaced')).toEqual([
      {
        level: 'warn',
        facts: { event: 'keyring.replaced', kids: [`${kidOf(OLDEST)}:active`] },
        message: expect.stringContaining('whatever was signed before is refused'),
      },
    ]);
    expect(keyturn.signer('invitation').verify(token)).toEqual({ ok: false, reason: 'unknown_key' });
    expect(keyturn.health.degraded).toBeUndefined();
  });
});

describe.concurrent('a scheduled activation', () => {
  const scheduled = (clock: ManualClock) =>
    documentOf(2, [
      [COMING, 'staged', { scheduledFor: clock.now + 60_000 }],
      [STRONG, 'active'],
    ]);

  test('takes effect by itself at its time, and listeners hear of it', async () => {
    const clock = testClock();
    const { keyturn, of } = await follow(ringFile(scheduled(clock)), { clock: clock.read });
    const changes: string[] = [];
    keyturn.on('change', (ring) =>
      changes.push(ring.keys.map(({ id, state }) => `${id}:${state}`).join(' ')),
    );
    const signer = keyturn.signer('invitation');
    clock.advance(59.999);
    expect(signer.sign(1).slice(4, 12)).toBe(kidOf(STRONG));
    // So many looks that the file, which does not change, is not read any more.
    for (let wait = 0; wait < 3; wait++) await severalLooks();
    expect(changes).toEqual([]);
    clock.advance(0.001);
    const begun = performance.now();
    await until(() => changes.length > 0);
    // By itself, and not because the process reports every ten seconds.
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(changes).toEqual([`${kidOf(COMING)}:active ${kidOf(STRONG)}:retiring`]);
    expect(signer.sign(1).slice(4, 12)).toBe(kidOf(COMING));
    expect(keyturn.keyring.generation).toBe(2);
    expect(of('keyring.changed')).toHaveLength(1);
    // The file still says "staged": that is no news.
    await severalLooks();
    expect(changes).toHaveLength(1);
    expect(keyturn.health.degraded).toBeUndefined();
  });

  test('takes effect with the very first token after its time', async () => {
    const clock = testClock();
    const { keyturn } = await follow(ringFile(scheduled(clock)), { clock: clock.read });
    clock.advance(60);
    expect(keyturn.signer('invitation').sign(1).slice(4, 12)).toBe(kidOf(COMING));
  });

  test('has taken place for a process that starts later', async () => {
    const clock = testClock();
    const path = ringFile(scheduled(clock));
    clock.advance(61);
    const { keyturn } = await follow(path, { clock: clock.read });
    expect(keyturn.health.signs).toBe(kidOf(COMING));
  });

  test('two of them, as a hand may plan, are two changes and no more', async () => {
    const clock = testClock();
    const path = ringFile(
      documentOf(2, [
        [COMING, 'staged', { scheduledFor: clock.now + 60_000 }],
        [OLDER, 'staged', { scheduledFor: clock.now + 30_000 }],
        [STRONG, 'active'],
      ]),
    );
    const { keyturn, of } = await follow(path, { clock: clock.read });
    clock.advance(31);
    expect(keyturn.health.signs).toBe(kidOf(OLDER));
    clock.advance(30);
    expect(keyturn.health.signs).toBe(kidOf(COMING));
    for (let look = 0; look < 100; look++) expect(keyturn.health.signs).toBe(kidOf(COMING));
    await severalLooks();
    expect(of('keyring.changed')).toHaveLength(2);
  });

  test('can be called off by a newer ring', async () => {
    const clock = testClock();
    const path = ringFile(scheduled(clock));
    const { keyturn } = await follow(path, { clock: clock.read });
    const plan = readFileSync(path, 'utf8');
    const without: readonly KeySpec[] = [
      [STRONG, 'active'],
      [COMING, 'retired'],
    ];
    writeFileSync(path, documentOf(3, without, { after: plan }));
    await until(() => keyturn.keyring.generation === 3);
    clock.advance(120);
    expect(keyturn.health.signs).toBe(kidOf(STRONG));
  });
});

describe.concurrent('reading again when asked to', () => {
  test('a command is run again by reload(), and never by itself', async () => {
    const path = ringFile(ONE);
    const command = JSON.stringify([
      process.execPath,
      '-e',
      'process.stdout.write(require("fs").readFileSync(process.argv[1]))',
      path,
    ]);
    const env = { [FILE]: undefined, [COMMAND]: command } as unknown as Record<string, string>;
    const { keyturn, of } = await follow(path, { env });
    expect(keyturn.health).toMatchObject({ source: COMMAND, reporting: false });
    writeFileSync(path, STAGED);
    await severalLooks();
    expect(keyturn.keyring.generation).toBe(1);
    await keyturn.reload();
    expect(keyturn.keyring.generation).toBe(2);
    writeFileSync(path, STAGED.slice(0, -40));
    await keyturn.reload();
    expect(keyturn.health.degraded).toContain(COMMAND);
    expect(of('keyring.reload_failed').map(({ facts }) => facts.code)).toEqual(['document_invalid']);
    writeFileSync(path, PROMOTED);
    await keyturn.reload();
    expect([keyturn.health.degraded, keyturn.keyring.generation]).toEqual([undefined, 3]);
    expect(of('keyring.recovered')).toHaveLength(1);
  });

  test('reload() reads a file at once; many at the same time do not get into each other’s way', async () => {
    const path = ringFile(ONE);
    const { keyturn, of } = await follow(path);
    const documents = line(30);
    for (let generation = 2; generation < 30; generation++) {
      writeFileSync(`${path}~`, documents[generation - 1] as string);
      const reloads = [keyturn.reload(), keyturn.reload()];
      REPLACED["by an editor's rename"]?.(path, documents[generation - 1] as string);
      await Promise.all([...reloads, keyturn.reload()]);
      expect(keyturn.keyring.generation).toBe(generation);
    }
    expect(of('keyring.reload_failed')).toEqual([]);
  });

  test('on behalf of requests at most once a second, also by a clock that was put back', async () => {
    const path = ringFile(ONE);
    const clock = testClock();
    const options = {
      machine: machine({ cwd: dirname(path), env: { KEYTURN_ENV: 'prod', [FILE]: path }, now: clock.now }),
      create: false,
    };
    const read: number[] = [];
    const follower = new Follower(
      { ...options, machine: { ...options.machine, now: clock.read } },
      await resolve(options),
      { found: () => read.push(clock.now), failed: () => {}, passed: () => {} },
    );
    // It reads again for a while after the first look: so every look shows.
    for (let request = 0; request < 10; request++) await follower.ask();
    expect(read).toHaveLength(1);
    clock.advance(0.999);
    await follower.ask();
    expect(read).toHaveLength(1);
    clock.advance(0.001);
    await Promise.all([follower.ask(), follower.ask(), follower.ask()]);
    expect(read).toHaveLength(2);
    clock.advance(-3600);
    await follower.ask();
    expect(read).toHaveLength(3);
    follower.close();
  });

  test('a storm of requests costs two looks, and none is left behind', async () => {
    const path = ringFile(ONE);
    const { keyturn, of } = await follow(path);
    put(path, '{');
    await until(() => keyturn.health.degraded !== undefined);
    const before = of('keyring.reload_failed').length;
    await Promise.all(Array.from({ length: 500 }, () => keyturn.reload()));
    const said = of('keyring.reload_failed').length - before;
    expect(said).toBeGreaterThan(0);
    expect(said).toBeLessThanOrEqual(2);
    put(path, STAGED);
    await keyturn.reload();
    expect(keyturn.health).toMatchObject({ degraded: undefined, generation: 2 });
  });

  test('secrets from variables stay as they are', async () => {
    const env = { [FILE]: undefined, [SECRET]: STRONG } as unknown as Record<string, string>;
    const { keyturn, log } = await follow('/nowhere/at-all', { env, cwd: newFolder() });
    await keyturn.reload();
    expect(keyturn.health).toMatchObject({ degraded: undefined, signs: kidOf(STRONG), reporting: false });
    expect(log.map(({ facts }) => facts.event)).toEqual(['configuration.read', 'keyring.loaded']);
  });
});

describe.concurrent('listeners', () => {
  test('hear until they are taken away, and after close() nothing', async () => {
    const path = ringFile(ONE);
    const { keyturn } = await follow(path);
    const heard: string[] = [];
    const stop = keyturn.on('change', ({ generation }) => heard.push(`one ${generation}`));
    keyturn.on('change', ({ generation }) => heard.push(`two ${generation}`));
    writeFileSync(path, STAGED);
    await until(() => heard.length === 2);
    stop();
    writeFileSync(path, PROMOTED);
    await until(() => heard.length === 3);
    await keyturn.close();
    writeFileSync(
      path,
      documentOf(
        4,
        [
          [COMING, 'active'],
          [STRONG, 'retired'],
        ],
        { after: PROMOTED },
      ),
    );
    await severalLooks();
    expect(heard).toEqual(['one 2', 'two 2', 'two 3']);
    expect(keyturn.keyring.generation).toBe(3);
    expect(() => keyturn.on('changed' as 'change', () => {})).toThrow(
      expect.objectContaining({ code: 'argument_invalid' }),
    );
  });

  test('close() is obeyed by a look that is under way', async () => {
    const path = ringFile(ONE);
    const { keyturn, log } = await follow(path);
    writeFileSync(path, STAGED);
    const looking = keyturn.reload();
    await keyturn.close();
    await looking;
    expect(keyturn.keyring.generation).toBe(1);
    expect(log.map(({ facts }) => facts.event)).toEqual(['configuration.read', 'keyring.loaded']);
  });
});
