// Which weak keys are let in for a while, so that one can rotate away from them without signing anybody out.
import type { Settings } from '../config/layers.js';
import { KeyturnError } from '../errors.js';
import type { Key } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import { PurposeRegistry } from '../purposes/registry.js';
import type { Judge, Strength } from '../secret/counted.js';
import type { ProblemArea, Problems } from './problem.js';

const DAY_MS = 86_400_000;
/** As long as it takes to stage a strong key and to promote it, weekends included. */
const ACTIVE_DAYS = 7;

/** How strong the secret of a key is; one without its material has none. */
export function strengthBy({ judge }: Judge, { material }: Pick<Key, 'material'>): Strength {
  return judge(material?.revealSecret() ?? '');
}

/** What `accept_weak` asks for, and how far it may go. */
export class WeakKeyExceptions {
  readonly #keyring: Keyring;
  readonly #settings: Settings;
  readonly #now: number;
  readonly #judge: Judge;

  constructor(keyring: Keyring, settings: Settings, now: number, judge: Judge) {
    this.#keyring = keyring;
    this.#settings = settings;
    this.#now = now;
    this.#judge = judge;
  }

  /** Until when a key is excused, in milliseconds since 1970; undefined where it is not. */
  of(key: Key): number | undefined {
    const until = this.#asked(key.id);
    const latest = this.latest(key);
    return until !== undefined && latest !== undefined && until > this.#now && until <= latest
      ? until
      : undefined;
  }

  /**
   * How long a key can be excused: a retiring one until its last token has expired, the one that signs for a few days
   * where a strong one is staged to follow it, others never.
   */
  latest(key: Key): number | undefined {
    if (key.state === 'retiring') {
      const longest = Math.max(longestLifetime(this.#settings), ...Object.values(key.lifetimes ?? {}));
      const lag =
        this.#settings.get('security.keyring.max_lag') + this.#settings.get('security.keyring.clock_skew');
      return (key.dates.retiring ?? this.#now) + (longest + lag) * 1000;
    }
    return key.state === 'active' && this.#followed() ? this.#now + ACTIVE_DAYS * DAY_MS : undefined;
  }

  /** Exceptions that go on for too long: without an end there would be no reason to rotate. */
  tellTooLong(problems: Problems, areaOf: (key: Key) => ProblemArea): void {
    for (const key of this.#keyring.live) {
      const until = this.#asked(key.id);
      const latest = this.latest(key);
      if (until === undefined || latest === undefined || until <= latest) continue;
      const end = new Date(latest).toISOString();
      problems.error(
        areaOf(key),
        new KeyturnError(
          'config_invalid',
          key.state === 'active'
            ? `accept_weak excuses ${key.id}, the key that signs, for more than ${ACTIVE_DAYS} days`
            : `accept_weak excuses ${key.id} beyond the moment when its last token has expired`,
          `choose a moment before ${end}`,
        ),
      );
    }
  }

  #asked(kid: string): number | undefined {
    return this.#settings.get('security.signing_secret.accept_weak').find((one) => one.kid === kid)?.until;
  }

  #followed(): boolean {
    return this.#keyring.live.some((key) => key.state === 'staged' && strengthBy(this.#judge, key).enough);
  }
}

/** Of any token, in seconds. A registry that is wrong is told of elsewhere. */
export function longestLifetime(settings: Settings): number {
  try {
    return Math.max(...Object.values(new PurposeRegistry(settings, false).lifetimes));
  } catch {
    return 0;
  }
}
