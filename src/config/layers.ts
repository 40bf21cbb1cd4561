// The layers of configuration, and the settings that they add up to; every value remembers which layer it came from.
import type { MoveInSettings } from './move-in.js';
import type { Origin } from './origin.js';
import type { SettingName, SettingValue } from './settings.js';

export type { Origin } from './origin.js';

/** One configuration file or the program's own options, parsed but not yet checked. */
export interface Layer {
  readonly origin: Origin;
  readonly tree: Readonly<Record<string, unknown>>;
}

export interface PlacedValue {
  readonly value: unknown;
  readonly origin: Origin;
}

/** What configuration says of one purpose. */
export interface PurposeSettings {
  /** Seconds. */
  readonly maxAge?: number;
  readonly about?: string;
  readonly state?: string;
  readonly sealed?: boolean;
  readonly origin: Origin;
}

/** The settings in force, and the origin of each. */
export class Settings {
  readonly #placed: ReadonlyMap<SettingName, readonly PlacedValue[]>;
  readonly purposes: ReadonlyMap<string, PurposeSettings>;
  /** By name. */
  readonly moveIn: ReadonlyMap<string, MoveInSettings>;

  constructor(
    placed: ReadonlyMap<SettingName, readonly PlacedValue[]>,
    purposes: ReadonlyMap<string, PurposeSettings>,
    moveIn: ReadonlyMap<string, MoveInSettings> = new Map(),
  ) {
    this.#placed = placed;
    this.purposes = purposes;
    this.moveIn = moveIn;
  }

  get<N extends SettingName>(name: N): SettingValue<N> {
    return this.#placed.get(name)?.at(-1)?.value as SettingValue<N>;
  }

  /** The same without what the profile by itself says of some of them. */
  withoutProfile(names: readonly SettingName[]): Settings {
    const placed = new Map(this.#placed);
    for (const name of names)
      placed.set(
        name,
        (placed.get(name) ?? []).filter(({ origin }) => origin.layer !== 'profile'),
      );
    return new Settings(placed, this.purposes, this.moveIn);
  }

  /** Where the value in force came from; undefined when the setting is not set. */
  origin(name: SettingName): Origin | undefined {
    return this.#placed.get(name)?.at(-1)?.origin;
  }

  /** Every layer that set the value, the one in force last. */
  origins(name: SettingName): readonly Origin[] {
    return (this.#placed.get(name) ?? []).map((placed) => placed.origin);
  }

  /** What each of those layers said. */
  values<N extends SettingName>(
    name: N,
  ): readonly { readonly value: SettingValue<N>; readonly origin: Origin }[] {
    return (this.#placed.get(name) ?? []) as { value: SettingValue<N>; origin: Origin }[];
  }
}
