// What a terminal can show. A stream that is none has no screen: there nothing is wrapped, cut or drawn.

/** What a stream is asked for; process.stdout is one. */
export interface Output {
  readonly isTTY?: boolean;
  /** How wide the terminal is, and how high; undefined, or 0, where it does not tell. */
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on?(event: 'resize', listener: () => void): unknown;
  off?(event: 'resize', listener: () => void): unknown;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Screen {
  /** In columns. */
  readonly width: number;
  /** In rows. */
  readonly height: number;
  /** Whether it shows more than ASCII. */
  readonly unicode: boolean;
}

const USUAL = { width: 80, height: 24 } as const;
/** On a narrower one the terminal itself breaks lines. */
const NARROWEST = 40;
const LOWEST = 4;

/** The terminal behind a stream, as it is just now: windows change their size. Undefined where there is none. */
export function screenOf({ isTTY, columns, rows }: Output, env: Environment): Screen | undefined {
  if (isTTY !== true) return undefined;
  return {
    width: Math.max(NARROWEST, columns || USUAL.width),
    height: Math.max(LOWEST, rows || USUAL.height),
    unicode: hasCursor(env) && !env.NO_COLOR && showsUnicode(env),
  };
}

/** Whether the terminal lets what is there be drawn anew. */
export function hasCursor({ TERM }: Environment): boolean {
  return TERM !== 'dumb';
}

/** Whoever sets no locale, as containers do, has a terminal that can. Whoever sets one that cannot has said so. */
function showsUnicode({ LC_ALL, LC_CTYPE, LANG }: Environment): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG;
  return !locale || /utf-?8/i.test(locale);
}
