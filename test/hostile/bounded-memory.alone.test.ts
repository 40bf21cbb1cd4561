// What is remembered of strangers has a bound, however much they send.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { createBlobStore } from '../../src/blobs/index.js';
import { Uploads } from '../../src/blobs/uploads.js';
import { HttpLog } from '../../src/http/http-log.js';
import { createJwt } from '../../src/jwt/index.js';
import { internalsOf } from '../../src/keyturn.js';
import { AppCookie } from '../../src/sessions/cookie.js';
import { lossIn } from '../../src/sessions/losses.js';
import { newFolder } from '../blobs/support.js';
import { testClock, testKeyturn } from '../support/keyturn.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const MIB = 1024 * 1024;

const nothing = () => {};
/** That of the other tests remembers. */
const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** How much more is kept in memory after some work. */
async function kept(work: () => void | Promise<void>): Promise<number> {
  collect();
  const before = process.memoryUsage().heapUsed;
  await work();
  collect();
  return process.memoryUsage().heapUsed - before;
}

describe('memory that strangers fill', () => {
  test('tokens that were verified a moment ago do not keep the header they came in', async () => {
    const keyturn = await testKeyturn({ logger });
    const signer = internalsOf(keyturn).ownSigner<string>('session');
    const cookie = new AppCookie('keyturn.sid', internalsOf(keyturn).settings, 'dev');
    const padding = 'x'.repeat(15_000);
    const send = (n: number) => {
      // As it comes from the network: one text, of which the value is a part.
      const header = Buffer.from(`a=${padding}; keyturn.sid=${signer.sign(String(n))}`).toString('latin1');
      for (const token of [cookie.find(header)].flat()) expect(signer.check(token as string).ok).toBe(true);
    };
    send(0);
    const bytes = await kept(() => {
      for (let n = 0; n < 3000; n++) send(n);
      // Those on their way out are remembered once more.
      for (let n = 2000; n < 3000; n++) send(n);
    });
    // Of 45 MB that came in.
    expect(bytes).toBeLessThan(6 * MIB);
  });

  test('refused tokens, links and JWTs leave nothing but a count for each reason', async () => {
    const clock = testClock();
    const keyturn = await testKeyturn({ clock, logger });
    const links = keyturn.links();
    const jwt = createJwt(keyturn, { issuer: 'a', audience: 'b' });
    const signer = keyturn.signer('invitation');
    const kid = keyturn.keyring.keys[0]?.id as string;
    const send = (n: number) => {
      const id = Buffer.from(`${n}`.padStart(6, '0')).toString('base64url');
      const mac = 'A'.repeat(43);
      for (const token of [`kt1.${id}.AAAAAAAAAAAA.MQ.${mac}`, `kt1.${kid}.${id}BBBB.MQ.${mac}`, id]) {
        signer.verify(token);
        links.verify({ method: 'GET', url: `/${id}?sig=${token}` });
      }
      const header = Buffer.from(`{"alg":"HS256","kid":"${id}"}`).toString('base64url');
      jwt.verify(`${header}.e30.${mac}`);
    };
    for (let n = 0; n < 1000; n++) send(n);
    const { usage } = internalsOf(keyturn);
    const counted = [usage.uses.length, usage.refusals.length];
    const bytes = await kept(() => {
      for (let n = 1000; n < 15_000; n++) send(n);
    });
    expect([usage.uses.length, usage.refusals.length]).toEqual(counted);
    expect(usage.refusals.length).toBeLessThan(20);
    expect(bytes).toBeLessThan(4 * MIB);
  });

  test('with a key for each day, forged dates leave no more keys than there are days of living tokens', async () => {
    const keyturn = await testKeyturn({ logger, config: { security: { keyring: { epoch: 'day' } } } });
    const signer = keyturn.signer('invitation');
    const token = signer.sign(1);
    const forge = (day: number) => {
      const seconds = BigInt(day * 86_400) << 12n;
      const time = Buffer.from(seconds.toString(16).padStart(12, '0'), 'hex')
        .toString('base64url')
        .slice(0, 6);
      signer.verify(`${token.slice(0, 13)}${time}${token.slice(19)}`);
    };
    for (let day = 0; day < 30_000; day++) forge(day);
    const bytes = await kept(() => {
      for (let day = 0; day < 30_000; day++) forge(day);
    });
    expect(bytes).toBeLessThan(2 * MIB);
  });

  test('of routes that hold what was asked for so many are told of, and no more are remembered', async () => {
    const told: unknown[] = [];
    const log = new HttpLog({ ...logger, warn: (facts) => void told.push(facts) }, lossIn);
    const send = (n: number) => {
      const route = `/${'x'.repeat(150)}${n}/settings`;
      log.publicPage(route);
      log.flashInHeader(route);
      log.losses({ [route]: new Date(0) } as never);
    };
    for (let n = 0; n < 1000; n++) send(n);
    const lines = told.length;
    const bytes = await kept(() => {
      for (let n = 1000; n < 15_000; n++) send(n);
    });
    expect([told.length, lines]).toEqual([300, 300]);
    expect(bytes).toBeLessThan(2 * MIB);
  });

  test('uploads are counted while they run, and only where a link was good', async () => {
    const keyturn = await testKeyturn({ logger });
    const store = await createBlobStore(keyturn, { folder: newFolder() });
    const bytes = await kept(async () => {
      for (let n = 0; n < 3000; n++) {
        const answer = await store.handle({ method: 'PUT', url: `/blobs/${n}?sig=x`, headers: {} });
        expect(answer.status).toBe(403);
      }
    });
    expect(bytes).toBeLessThan(4 * MIB);
    const uploads = new Uploads();
    for (let n = 0; n < 1000; n++) await uploads.run(String(n), async () => n);
    const never = new Promise<void>(() => {});
    for (let n = 0; n < 2; n++) void uploads.run('a', () => never);
    expect(await uploads.run('a', async () => 'a third')).toBeUndefined();
    expect(await uploads.run('b', async () => 'another')).toBe('another');
    await expect(uploads.run('c', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });
});
