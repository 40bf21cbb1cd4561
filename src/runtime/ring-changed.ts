// What is logged when another keyring is in force.
import type { Keyring } from '../keyring/keyring.js';
import type { Logger } from './log.js';

/** @param former undefined: there was none before */
export function logRingChanged(logger: Logger, ring: Keyring, former: Keyring | undefined): void {
  logger.info(
    {
      event: 'keyring.changed',
      count: ring.keys.length,
      kids: kidsOf(ring),
      generation: ring.generation,
      ...(former === undefined ? {} : { former: kidsOf(former) }),
    },
    former === undefined ? 'the shared keyring is in force' : 'another keyring is in force',
  );
}

/** As a log shows them. */
export function kidsOf(ring: Keyring): readonly string[] {
  return ring.keys.map((key) => `${key.id}:${key.state}`);
}
