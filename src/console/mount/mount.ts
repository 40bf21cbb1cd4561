// What every binding shares: the options, whether a request is for the console, who is let in, and what is answered.
import { type OptionNames, requireFunction, requireOptions } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';
import { CSRF_FIELD } from '../../http/csrf-token.js';
import { pathOf } from '../../http/path.js';
import { internalsOf, type Keyturn } from '../../keyturn.js';
import type { ConsoleApp } from '../app.js';
import type { ConsoleAnswer, ConsoleRequest, FormProtection } from '../contract.js';
import { askGuard, type ConsoleGuardAnswer } from './guard.js';

/** How the console is mounted. */
export interface ConsoleOptions<Given extends readonly unknown[]> {
  /**
   * Says who may see the console, and who may act: `{ who, mayAct }`, or nothing for whoever may not. For them there is no
   * console. It is asked for every request, and may return a promise; if it throws nobody is let in.
   */
  guard(...given: Given): ConsoleGuardAnswer;
  /**
   * Whether those of whom the guard says `mayAct` can take steps: stage, promote, roll back, retire, revoke. Default: false,
   * and the console only shows.
   */
  readonly steps?: boolean;
}

/** The same, where the framework does not say where something is mounted. */
export interface PlacedConsoleOptions<Given extends readonly unknown[]> extends ConsoleOptions<Given> {
  /** The path of the console, as the app sees it. Default: `/keyturn`. */
  readonly base?: string;
}

const OPTIONS: OptionNames<ConsoleOptions<never>> = { guard: true, steps: true };
const PLACED: OptionNames<PlacedConsoleOptions<never>> = { ...OPTIONS, base: true };

/** A request as a binding has it. */
export interface MountedRequest<Given> {
  readonly keyturn: Keyturn;
  /** What the guard is called with. */
  readonly given: Given;
  readonly method: string;
  /** With what follows a `?`, where it was asked for: behind whatever cuts the address short for a part of an app. */
  readonly originalUrl: string;
  readonly lastEventId: string | undefined;
  readonly form: ConsoleRequest['form'];
  readonly csrfToken: () => string;
  /** @throws an error of status 403 for a form that may be forged */
  readonly checkCsrf: (token: string | undefined) => void;
  readonly signal: AbortSignal;
}

/** How a binding is called. */
interface MountCall {
  /** As a programmer writes it: `expressConsole(options)`. */
  readonly call: string;
  /** The shortest guard that is right there. */
  readonly example: string;
  /** Where the framework says where it is mounted, and cuts the address short: what is left in front. */
  readonly base?: string;
}

export class Mount<Given extends readonly unknown[]> {
  readonly #options: PlacedConsoleOptions<Given>;
  readonly #base: string;
  /** Of each Keyturn that requests have passed through: an app has one. */
  readonly #apps = new WeakMap<Keyturn, Promise<ConsoleApp>>();

  /** @throws KeyturnError `argument_invalid` */
  constructor({ call, example, base }: MountCall, options: PlacedConsoleOptions<Given>) {
    const write = `write ${call.replace('options', `{ guard: ${example} }`)}`;
    if (options?.guard === undefined)
      throw new KeyturnError(
        'argument_invalid',
        'the console needs a guard that says who may see it: without one anybody could',
        write,
      );
    requireOptions(options, call, base === undefined ? PLACED : OPTIONS);
    requireFunction(options.guard, 'the option guard', write);
    if (options.steps !== undefined && typeof options.steps !== 'boolean')
      throw new KeyturnError('argument_invalid', 'the option steps is not a boolean', 'write steps: true');
    this.#options = options;
    this.#base = base ?? baseOf(options.base);
  }

  /** What is below the console in a path; undefined where it is not below it. Empty for the console without a slash. */
  below(path: string): string | undefined {
    if (path === this.#base) return '';
    return path.startsWith(`${this.#base}/`) ? path.slice(this.#base.length) : undefined;
  }

  /**
   * The answer to a request below the console.
   *
   * @param below see {@link below}
   * @returns undefined for somebody who is not let in: what follows in the app answers, as to any address that is nothing
   */
  async answer(below: string, request: MountedRequest<Given>): Promise<ConsoleAnswer | undefined> {
    const { keyturn, given, method, originalUrl, form, lastEventId, signal } = request;
    const { guard } = this.#options;
    const { logger } = internalsOf(keyturn);
    const visitor = await askGuard(() => guard.call(this.#options, ...given), logger);
    if (visitor === undefined) return undefined;
    const original = pathOf(originalUrl);
    const query = originalUrl.includes('?') ? originalUrl.slice(originalUrl.indexOf('?') + 1) : '';
    const app = await this.#appOf(keyturn);
    return await app.answer({
      method,
      // What cuts the address short puts a slash there that was not asked for.
      path: below === '/' && !original.endsWith('/') ? '' : below,
      mount: original.split('/').at(-1) ?? '',
      query: new URLSearchParams(query),
      form,
      visitor,
      csrf: protectionOf(request),
      lastEventId,
      signal,
    });
  }

  /** Ends the streams that are open, before a server waits for them. */
  async close(keyturn: Keyturn): Promise<void> {
    await this.#apps.get(keyturn)?.then(
      (app) => app.close(),
      () => {},
    );
  }

  /** What fails is tried again: it may have been a matter of time. */
  #appOf(keyturn: Keyturn): Promise<ConsoleApp> {
    const found = this.#apps.get(keyturn);
    if (found !== undefined) return found;
    const opening = import('../open.js').then(({ openConsole }) =>
      openConsole(keyturn, this.#options.steps === true),
    );
    this.#apps.set(keyturn, opening);
    opening.catch(() => this.#apps.delete(keyturn));
    return opening;
  }
}

function protectionOf({ csrfToken, checkCsrf }: MountedRequest<unknown>): FormProtection {
  return {
    field: CSRF_FIELD,
    token: csrfToken,
    accepts: (token) => {
      try {
        checkCsrf(token);
        return true;
      } catch (error) {
        if ((error as { readonly status?: unknown }).status === 403) return false;
        throw error;
      }
    },
  };
}

/** @throws KeyturnError `argument_invalid` */
function baseOf(base = '/keyturn'): string {
  const path = typeof base === 'string' ? base.replace(/\/$/, '') : undefined;
  if (path !== undefined && /^(?:\/[\w.~-]+)*$/.test(path)) return path;
  throw new KeyturnError(
    'argument_invalid',
    'the option base is not a path',
    'write where the console is, with a slash in front: base: "/admin/keyturn"',
  );
}
