// Keyturns for tests: a fixed secret, a clock that a test moves, rings in any state.
import type { EngineClients } from '../../src/engines/engines.js';
import { Key, type KeyState, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import type { Keyturn } from '../../src/keyturn.js';
import { privateClock } from '../../src/resolve/monotonic-clock.js';
import type { Logger } from '../../src/runtime/log.js';
import { startKeyturn } from '../../src/start/start.js';
import { type ManualClock, manualClock } from '../../src/testing/clock.js';
import { liveRing } from '../../src/testing/live-ring.js';

export type { ManualClock };

export const SECRET = 'b2390de7fca268344dae0d1f48dc3ae94e590bb1aa9a56277a0c9ee6b24d362d';
export const OTHER_SECRET = '792c98d17f863f6a385dc38b0ebf8ba26b6d85dc92aa5971b49ab9ad0839ef75';

/** A clock that stands still until a test moves it. */
export const testClock = (): ManualClock => manualClock(Date.UTC(2026, 0, 15, 12));

export interface LogRecord {
  readonly level: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A logger that remembers. */
export function memoryLogger(): Logger & { readonly records: LogRecord[] } {
  const records: LogRecord[] = [];
  const method = (level: string) => (facts: Readonly<Record<string, unknown>>, message: string) => {
    records.push({ level, facts, message });
  };
  return {
    records,
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  };
}

export interface TestKeyturnOptions {
  readonly profile?: 'dev' | 'test' | 'prod';
  readonly clock?: ManualClock;
  readonly logger?: Logger;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly clients?: EngineClients;
}

/** A Keyturn with {@link SECRET}, away from the files and variables of this machine. */
export async function testKeyturn(options: TestKeyturnOptions = {}): Promise<Keyturn> {
  const { profile = 'test', clock = testClock(), logger = memoryLogger(), config, clients } = options;
  const env = {
    KEYTURN_SECURITY__SIGNING_SECRET: SECRET,
    ...(profile === 'prod' ? variablesOf(config) : {}),
  };
  const signs = { terminal: false, debugger: false, container: false };
  const machine = { cwd: '/nonexistent', env, signs, now: clock.read, monotonic: privateClock(clock.read) };
  const said = { ...(config === undefined ? {} : { config }), ...(clients === undefined ? {} : { clients }) };
  return await startKeyturn({ profile, logger, ...said }, machine);
}

/** Purposes as variables say them: what the program alone says of a lifetime production refuses. */
function variablesOf({ purposes = {} }: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(purposes as object).flatMap(([name, fields]) =>
      Object.entries(fields as object).map(([field, value]) => [
        `KEYTURN_PURPOSES__${name}__${field}`.toUpperCase().replaceAll('-', '_'),
        String(value),
      ]),
    ),
  );
}

/** A ring of secrets in the given states. */
export function ringOf(...keys: ReadonlyArray<readonly [secret: string, state: KeyState]>): Keyring {
  return new Keyring(
    keys.map(([secret, state]) => {
      const material = new Material(secret);
      return new Key(state === 'retired' || state === 'revoked' ? material.kid : material, state);
    }),
  );
}

export { liveRing };

/** Puts another ring in force, as a reload would. */
export function useRing(keyturn: Keyturn, ring: Keyring): void {
  liveRing(keyturn).replace(ring);
}
