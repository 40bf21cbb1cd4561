// Whether a process may start: the part of a start that refuses. It is synchronous, so that an adapter whose call returns
// at once can refuse before the app binds a port.
import type { KeyturnError } from '../errors.js';
import { Rare } from '../process/awaited.js';
import { PurposeRegistry } from '../purposes/registry.js';
import type { Machine } from '../resolve/machine.js';
import { refuseErrors } from '../resolve/problem.js';
import { type Resolution, type ResolveOptions, resolveNow } from '../resolve/resolve.js';
import type { Logger } from '../runtime/log.js';
import { Printed } from '../secret/find-secret.js';
import { loggerFor, warnOfProduction } from './log.js';
import type { KeyturnOptions } from './options.js';

/** What is known of a process that may start. */
export interface Judged {
  readonly options: ResolveOptions;
  readonly resolution: Resolution;
  readonly logger: Logger;
  readonly registry: PurposeRegistry;
  /** What production would refuse of the settings in the program. */
  readonly longer: KeyturnError | undefined;
}

/** What only a program with settings of its own needs. */
export const lifetimes: Rare<typeof import('../purposes/program-lifetimes.js')> = new Rare(
  () => import('../purposes/program-lifetimes.js'),
);

/** The judgement of one start. */
export class Judging {
  readonly #given: Logger | undefined;
  readonly #options: ResolveOptions;
  readonly #printed = new Printed();
  /** Once: it may make a secret. */
  #resolution: Resolution | undefined;

  constructor({ profile, config, logger }: KeyturnOptions, machine: Machine) {
    this.#given = logger;
    this.#options = { machine, profile, config: config as ResolveOptions['config'], create: true };
  }

  /**
   * @throws KeyturnError for every mistake of configuration
   * @throws Awaited where something has to be waited for; it can be called again then
   */
  now(): Judged {
    this.#resolution ??= resolveNow(this.#options, this.#printed);
    const resolution = this.#resolution;
    refuseErrors(resolution.problems);
    const { settings, operatorSettings } = resolution;
    const isProduction = resolution.profile.profile === 'prod';
    const longer =
      this.#options.config === undefined
        ? undefined
        : lifetimes.module.longerThanSeen(settings, operatorSettings, isProduction);
    if (longer !== undefined && isProduction) throw longer;
    const logger = loggerFor(this.#given, settings);
    // What production would refuse, development tells.
    const registry = new PurposeRegistry(settings, isProduction, false, (said) => {
      if (resolution.profile.profile === 'dev') warnOfProduction(said, logger);
    });
    return { options: this.#options, resolution, logger, registry, longer };
  }
}
