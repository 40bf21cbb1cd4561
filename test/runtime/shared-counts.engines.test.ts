// What replicas verify over time, kept in the engine that they share: it adds up, and outlives them.
import { describe, expect } from 'vitest';
import type { CountsSpan } from '../../src/fleet/counts.js';
import { COMING, kidOf, OLDER, SECRET, STRONG } from '../support/machine.js';
import {
  type EngineName,
  firstRing,
  inPlace,
  operate,
  type SharedPlace,
  type SharedReplica,
  severalLooks,
  startReplica,
} from '../support/shared-ring.js';
import { until } from '../support/waiting.js';

const ENGINES: readonly EngineName[] = ['redis', 'postgres'];
const KID = kidOf(STRONG);

const SPANS: readonly CountsSpan[] = ['quarter-hour', 'day', 'month'];

/** By key id, as an operator sees it. */
async function verified(place: SharedPlace, span: CountsSpan, env = {}): Promise<Record<string, number>> {
  return await operate(
    place,
    async (rotation) => {
      const sums: Record<string, number> = {};
      for (const count of (await rotation.counts(span))?.counts ?? []) {
        expect(count.purpose).toBe('invitation');
        sums[count.kid] = (sums[count.kid] ?? 0) + count.verified;
      }
      return sums;
    },
    { env },
  );
}

function accept({ sign, accepts }: SharedReplica, times: number, token = sign()): void {
  for (let n = 0; n < times; n++) expect(accepts(token)).toBe(true);
}

describe.concurrent.each(ENGINES)('%s:', (engine) => {
  const inside = inPlace(engine, firstRing(STRONG));

  inside('what all replicas verified adds up, and is there when they have ended', async ({ place }) => {
    const [one, two] = await Promise.all([startReplica(place), startReplica(place)]);
    accept(one, 3);
    accept(two, 4);
    await Promise.all([one.keyturn.close(), two.keyturn.close()]);
    for (const span of SPANS) expect(await verified(place, span)).toEqual({ [KID]: 7 });
    const three = await startReplica(place);
    accept(three, 5);
    await three.keyturn.close();
    for (const span of SPANS) expect(await verified(place, span)).toEqual({ [KID]: 12 });
  });

  inside('it is there soon while they run', async ({ place }) => {
    const one = await startReplica(place, { times: { lease: 3 } });
    accept(one, 3);
    await until(async () => (await verified(place, 'quarter-hour'))[KID] === 3);
  });

  inside('what could not be told while the engine was gone is told later, and once', async ({ place }) => {
    const { cut, url } = await place.proxy();
    const one = await startReplica(place, { url, times: { lease: 3 } });
    accept(one, 3);
    // What is told when the engine goes, and who told it does not hear of it, is told again.
    for (const span of SPANS) await until(async () => (await verified(place, span))[KID] === 3);
    await severalLooks(one);
    cut.cut();
    accept(one, 4);
    await until(() => !one.keyturn.health.reporting);
    cut.mend();
    accept(one, 1);
    await until(() => one.keyturn.health.reporting);
    await one.keyturn.close();
    for (const span of SPANS) expect(await verified(place, span)).toEqual({ [KID]: 8 });
  });

  inside(
    'a migration is seen to happen, by what both keys verify, also when the old one is gone',
    async ({ place }) => {
      const one = await startReplica(place);
      const old = one.sign();
      accept(one, 2, old);
      await operate(place, (rotation) => rotation.stage({ secret: COMING }));
      await operate(place, (rotation) => rotation.revoke(KID, { why: 'a test' }));
      await until(() => one.keyturn.keyring.keys.some(({ id, state }) => id === KID && state === 'revoked'));
      expect(one.accepts(old)).toBe(false);
      accept(one, 5);
      await one.keyturn.close();
      expect(await verified(place, 'day')).toEqual({ [KID]: 2, [kidOf(COMING)]: 5 });
    },
  );

  inside('processes that report beside their sessions are counted too', async ({ place }) => {
    const url = place.env()[`KEYTURN_SECURITY__KEYRING__${engine.toUpperCase()}__URL`] as string;
    const env = {
      KEYTURN_SECURITY__KEYRING__STORE: undefined,
      [`KEYTURN_SECURITY__KEYRING__${engine.toUpperCase()}__URL`]: undefined,
      KEYTURN_SESSION__BACKEND: engine,
      [`KEYTURN_SESSION__${engine.toUpperCase()}__URL`]: url,
      [SECRET]: OLDER,
    };
    const one = await startReplica(place, { env });
    accept(one, 3);
    await one.keyturn.close();
    expect(await verified(place, 'day', env)).toEqual({ [kidOf(OLDER)]: 3 });
  });
});
