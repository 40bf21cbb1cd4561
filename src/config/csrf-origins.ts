// The origins that `[csrf] origins` lists, with a `*` for part of a label where previews of an app have names of their
// own: "https://pr-*.example.com". Wanted only where one has a `*`; without, a `Set` of them will do.
import { KeyturnError } from '../errors.js';
import { loadOptional } from '../process/optional-package.js';

/** Whether unsafe requests need a token, or what the browser says of their provenance is enough. */
export type CsrfMode = 'token' | 'headers';

/** What stands in for the `*` where a pattern is judged. */
const SAMPLE = 'keyturn';

export class ListedOrigins {
  readonly #plain: ReadonlySet<string>;
  readonly #patterns: readonly Pattern[];

  /**
   * @param origins in the form that browsers send, some with a `*` in place of characters
   * @throws KeyturnError `config_invalid`
   */
  constructor(origins: readonly string[], mode: CsrfMode) {
    this.#plain = new Set(origins.filter((origin) => !origin.includes('*')));
    const wild = origins.filter((origin) => origin.includes('*'));
    if (mode === 'headers') {
      throw new KeyturnError(
        'config_invalid',
        'csrf.origins has an origin with a *, which csrf.mode "headers" does not take',
        'list each origin as it is, or leave csrf.mode at "token": without a token the origin is all that is asked for',
      );
    }
    const suffixes = publicSuffixes();
    this.#patterns = wild.map((origin) => new Pattern(origin, suffixes));
  }

  has(origin: string): boolean {
    return this.#plain.has(origin) || this.#patterns.some((pattern) => pattern.matches(origin));
  }
}

type PublicSuffixes = Pick<typeof import('tldts'), 'parse'>;

/** An origin with one `*`: letters, digits and hyphens within one label. */
class Pattern {
  readonly #before: string;
  readonly #after: string;
  readonly #labels: readonly string[];
  readonly #suffixes: PublicSuffixes;

  /** @throws KeyturnError `config_invalid` */
  constructor(origin: string, suffixes: PublicSuffixes) {
    [this.#before, this.#after] = origin.split('*') as [string, string];
    this.#labels = hostOf(origin).split('.');
    this.#suffixes = suffixes;
    if (!this.#belongs(hostOf(origin.replace('*', SAMPLE)))) {
      throw new KeyturnError(
        'config_invalid',
        `csrf.origins has ${origin}, which anybody can have an origin of`,
        'put the * below a name that is yours, as in "https://*.example.com"; below one of a host for all, only beside other characters, as in "https://app-*-team.vercel.app"',
      );
    }
  }

  matches(origin: string): boolean {
    const end = origin.length - this.#after.length;
    if (!origin.startsWith(this.#before) || !origin.endsWith(this.#after)) return false;
    // Of a name that fits, too: what is below a public suffix is known of the whole name only.
    return /^[a-z0-9-]{1,63}$/.test(origin.slice(this.#before.length, end)) && this.#belongs(hostOf(origin));
  }

  /**
   * Whether a host that the pattern stands for is its owner's: the `*` is below the name that somebody has registered,
   * or is part of one under the suffix of a hosting service, where names are given to projects.
   */
  #belongs(host: string): boolean {
    const { domain, isPrivate } = this.#suffixes.parse(host, { allowPrivateDomains: true });
    if (domain === null) return false;
    const [registered, ...suffix] = this.#labels.slice(-domain.split('.').length);
    if (suffix.some((label) => label.includes('*'))) return false;
    return registered?.includes('*') !== true || (isPrivate === true && registered !== '*');
  }
}

function hostOf(origin: string): string {
  return origin.slice('https://'.length).replace(/:\d+$/, '');
}

/** An optional peer: its list is large, changes, and few apps need it. @throws KeyturnError `config_invalid` */
function publicSuffixes(): PublicSuffixes {
  const missing = (cause?: unknown) =>
    new KeyturnError(
      'config_invalid',
      'csrf.origins has an origin with a *, and the package tldts, which knows the public suffixes, cannot be loaded',
      'npm install tldts, or list each origin as it is',
      { cause },
    );
  let suffixes: PublicSuffixes | undefined;
  try {
    suffixes = loadOptional<PublicSuffixes>('tldts', 'parse');
  } catch (error) {
    throw missing(error);
  }
  if (suffixes === undefined) throw missing();
  return suffixes;
}
