// What is read of iron-session. Its types are not imported: apps have different versions of it.

/** Those of the library, all handed on. */
export interface SessionOptions {
  readonly cookieName: string;
  /** Seconds; 0: no end. */
  readonly ttl?: number | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: the library's own
  readonly cookieOptions?: any;
  // biome-ignore lint/suspicious/noExplicitAny: `chunk`, and what a later version may have
  readonly [option: string]: any;
}

/** What a session can do. */
export interface IronMethods {
  readonly save: () => Promise<void>;
  readonly destroy: () => void;
  // biome-ignore lint/suspicious/noExplicitAny: the library's own options
  readonly updateConfig: (options: any) => void;
}

/** The function of the library: it takes cookies and options, or request, response and options. */
export type GetIronSession<Data extends object> = (
  // biome-ignore lint/suspicious/noExplicitAny: the library's own
  ...given: any[]
) => Promise<Data & IronMethods>;
