// The registry of purposes: everything that is signed, and how long it lives. Signers, the grace window and the impact
// report read this one list, so that a rotation cannot forget a surface.

import type { PurposeSettings, Settings } from '../config/layers.js';
import { requireLifetime } from '../config/lifetime.js';
import { isSlipOf, nearest } from '../config/nearest.js';
import type { SettingValue } from '../config/settings.js';
import { formatDuration, LONGEST_LIFETIME, meantMilliseconds, requireDuration } from '../config/value.js';
import { KeyturnError } from '../errors.js';
import { isName } from '../formats.js';
import { BUILT_IN, isAmong, isReserved } from './built-in.js';
import type { Purpose } from './purpose.js';

const DAY = 86_400;

function switchedOff(name: string): KeyturnError {
  return new KeyturnError(
    'purpose_undeclared',
    `the purpose "${name}" is switched off`,
    `add "${name}" to builtin under [purposes] in keyturn.toml: keys are kept for its tokens then`,
  );
}

/** What is known of a purpose of which nothing has been said. */
function unsaid(name: string, maxAge: number, sealed: boolean): Purpose {
  return { name, maxAge, sealed, reserved: false, declared: false };
}

export class PurposeRegistry {
  /** Where sessions are kept. */
  readonly backend: SettingValue<'session.backend'>;
  readonly #purposes = new Map<string, Purpose>();
  readonly #strict: boolean;
  readonly #building: boolean;
  readonly #tolerated: (refusal: KeyturnError) => void;

  /**
   * @param strict refuse undeclared purposes, as production does
   * @param building take what is not declared as it is: where an app is built its settings need not be there
   * @param tolerated told, where it is not strict, of what production would refuse
   */
  constructor(
    settings: Settings,
    strict: boolean,
    building = false,
    tolerated: (refusal: KeyturnError) => void = () => {},
  ) {
    this.backend = settings.get('session.backend');
    this.#strict = strict;
    this.#building = building;
    this.#tolerated = tolerated;
    const chosen = settings.get('purposes.builtin');
    for (const [name, builtIn] of Object.entries(BUILT_IN)) {
      if (chosen !== undefined && !isAmong(chosen, name)) continue;
      if (name === 'session-header' && settings.get('session.header') === undefined) continue;
      this.#purposes.set(name, { name, ...builtIn, sealed: false, declared: true });
    }
    this.#describeSession('session', settings);
    this.#describeSession('session-header', settings);
    for (const [name, said] of settings.purposes) this.#declare(name, said);
  }

  /** How long sessions live, and whether they are sealed, follows from the settings under [session]. */
  #describeSession(name: 'session' | 'session-header', settings: Settings): void {
    const session = this.#purposes.get(name);
    if (session === undefined) return;
    const unremembered = Math.min(settings.get('session.idle'), settings.get('session.max_age'));
    const lifetime = Math.max(unremembered, settings.get('session.remember') ?? 0);
    const sealed = this.backend === 'cookie' && settings.get('session.sealed');
    this.#purposes.set(name, { ...session, maxAge: lifetime, sealed });
  }

  #declare(name: string, said: PurposeSettings): void {
    const { maxAge } = said;
    const where = said.origin.name;
    const before = this.#purposes.get(name);
    if (before === undefined && isReserved(name)) throw switchedOff(name);
    const isSession = name === 'session' || name === 'session-header';
    if (isSession && maxAge !== undefined) {
      throw new KeyturnError(
        'purpose_reserved',
        `purposes.${name}.max_age in ${where} has no effect`,
        'set idle, max_age and remember under [session]',
      );
    }
    if (before?.reserved === true && said.sealed !== undefined) {
      throw new KeyturnError(
        'purpose_reserved',
        `purposes.${name}.sealed in ${where} has no effect`,
        isSession ? 'set sealed under [session]' : 'take it out: Keyturn says how its own tokens are made',
      );
    }
    const longest = maxAge ?? before?.maxAge;
    if (longest === undefined) {
      throw new KeyturnError(
        'purpose_lifetime',
        `purposes.${name} in ${where} has no max_age`,
        `every token expires: add max_age = "1h" (or longer) under [purposes.${name}]`,
      );
    }
    const known = this.describe(name);
    const { about = known.about, state = known.state, sealed = known.sealed } = said;
    this.#purposes.set(name, { ...known, maxAge: longest, about, state, sealed, declared: true });
  }

  /** Every purpose, the built-in ones first. */
  get all(): readonly Purpose[] {
    return [...this.#purposes.values()];
  }

  /** The longest lifetime of each, in seconds. */
  get lifetimes(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.all.map(({ name, maxAge }) => [name, maxAge]));
  }

  /** Built-in purposes that are switched off: nothing is signed for them and nothing accepted. */
  get off(): readonly string[] {
    return Object.keys(BUILT_IN).filter((name) => !this.#purposes.has(name));
  }

  /** What is known of a purpose. Of one that others know, and this registry does not, it is little. */
  describe(name: string): Purpose {
    return this.#purposes.get(name) ?? unsaid(name, 0, false);
  }

  /** One of Keyturn's own. @throws KeyturnError `purpose_undeclared` where it is switched off */
  own(name: string): Purpose {
    const purpose = this.#purposes.get(name);
    if (purpose === undefined) throw switchedOff(name);
    return purpose;
  }

  /**
   * The purpose and lifetime for `keyturn.signer(name, { maxAge })`, or for the sealer.
   *
   * @throws KeyturnError `purpose_invalid`, `purpose_reserved`, `purpose_undeclared`, `purpose_sealed`,
   * `purpose_lifetime`, `duration_invalid`
   */
  forSigner(
    name: string,
    maxAge: number | string | undefined,
    sealed = false,
  ): { readonly purpose: Purpose; readonly maxAge: number } {
    if (!isName(name)) {
      throw new KeyturnError(
        'purpose_invalid',
        'a purpose has a name of a-z, 0-9 and "-" that begins with a letter, 32 characters at most',
        'name it after what the token is for, such as "password-reset"',
      );
    }
    const seconds = maxAge === undefined ? undefined : requireDuration(maxAge, `maxAge of "${name}"`);
    refuseTooLong(name, seconds);
    const known = this.#purposes.get(name);
    if (known?.reserved === true || isReserved(name)) {
      throw new KeyturnError(
        'purpose_reserved',
        `the purpose "${name}" is Keyturn's own`,
        'choose another name: tokens of one purpose are never accepted for another',
      );
    }
    if (known !== undefined) {
      refuseOtherKind(known, sealed);
      if (maxAge === undefined || seconds === undefined) return { purpose: known, maxAge: known.maxAge };
      if (seconds > known.maxAge && !known.declared) return this.#remember(name, seconds, sealed, maxAge);
      const cure = `set max_age under [purposes.${name}] in keyturn.toml`;
      return { purpose: known, maxAge: requireLifetime(maxAge, known.maxAge, `a token for "${name}"`, cure) };
    }
    if (this.#strict) throw this.#undeclared(name, seconds, sealed, maxAge);
    if (seconds === undefined) {
      if (this.#building) return this.#remember(name, DAY, sealed);
      throw new KeyturnError(
        'purpose_lifetime',
        `the purpose "${name}" has no lifetime`,
        `${this.#didYouMean(name)}every token expires: pass maxAge, or set max_age under [purposes.${name}] in keyturn.toml`,
      );
    }
    return this.#remember(name, seconds, sealed, maxAge);
  }

  #undeclared(
    name: string,
    seconds: number | undefined,
    sealed: boolean,
    asked: number | string | undefined,
  ): KeyturnError {
    const lines = [`max_age = "${seconds === undefined ? '1h' : formatDuration(seconds)}"`];
    if (sealed) lines.push('sealed = true');
    return new KeyturnError(
      'purpose_undeclared',
      `the purpose "${name}" is not declared`,
      `${this.#didYouMean(name)}add to keyturn.toml, under [purposes.${name}]: ${lines.join(' and ')}${meantMilliseconds(asked)}`,
    );
  }

  #didYouMean(name: string): string {
    const known = this.all.filter((each) => !each.reserved && each.declared).map((each) => each.name);
    const near = nearest(name, known);
    return isSlipOf(name, near) ? `did you mean "${near}"? If not: ` : '';
  }

  /** In development a purpose may be made up on the spot; it is remembered with the longest lifetime asked for. */
  #remember(
    name: string,
    maxAge: number,
    sealed: boolean,
    asked?: number | string,
  ): { readonly purpose: Purpose; readonly maxAge: number } {
    const purpose = unsaid(name, maxAge, sealed);
    this.#purposes.set(name, purpose);
    this.#tolerated(this.#undeclared(name, maxAge, sealed, asked));
    return { purpose, maxAge };
  }
}

/** Where a purpose need not be declared, the program alone says how long its tokens live. */
function refuseTooLong(name: string, seconds: number | undefined): void {
  if (seconds === undefined || seconds <= LONGEST_LIFETIME) return;
  throw new KeyturnError(
    'config_invalid',
    `maxAge of "${name}" is ${formatDuration(seconds)}, and no token lives longer than ${formatDuration(LONGEST_LIFETIME)}`,
    `issue a new one before it ends; what must last for years belongs into a database${meantMilliseconds(seconds)}`,
  );
}

/** A purpose is signed or sealed, and not now this and now that: what was made one way is not read the other. */
function refuseOtherKind(purpose: Purpose, sealed: boolean): void {
  if (purpose.sealed === sealed) return;
  const { name } = purpose;
  throw new KeyturnError(
    'purpose_sealed',
    `tokens for "${name}" are ${sealed ? 'signed, not sealed' : 'sealed, not signed'}`,
    sealed
      ? `add sealed = true under [purposes.${name}] in keyturn.toml, or use keyturn.signer("${name}")`
      : `use keyturn.sealer("${name}"), or take sealed = true out under [purposes.${name}]`,
  );
}
