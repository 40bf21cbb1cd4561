// What is used of better-auth, as far as it is used. The library is none of our dependencies.

import type { CookieAttributes } from '../attributes.js';

export interface AuthCookie {
  readonly name: string;
  readonly attributes: CookieAttributes;
}

/** Secrets with versions, the way in which better-auth has them where there are several. */
export interface SecretConfig {
  readonly keys: Map<number, string>;
  readonly currentVersion: number;
  readonly legacySecret?: string | undefined;
}

/** What a hook returns, where it is called as the library calls its own. */
export interface HookResult {
  readonly response?: { context?: Partial<HookContext> } | undefined;
  readonly headers?: Headers | null;
}

export type Hook = (context: HookContext) => Promise<HookResult>;

export interface AuthOptions {
  readonly database?: unknown;
  readonly secondaryStorage?: unknown;
  readonly plugins?: readonly {
    readonly id: string;
    readonly options?: { readonly trustDeviceMaxAge?: number };
  }[];
  readonly emailVerification?: { readonly expiresIn?: number };
  readonly advanced?: {
    readonly cookiePrefix?: string;
    readonly cookies?: Readonly<Record<string, { readonly name?: string }>>;
  };
  readonly hooks?: { readonly before?: Hook };
}

/** What one instance of the library works with. */
export interface AuthContext {
  readonly options: AuthOptions;
  readonly secret: string;
  readonly secretConfig: string | SecretConfig;
  readonly sessionConfig: { readonly expiresIn: number };
  readonly authCookies: {
    readonly sessionToken: AuthCookie;
    readonly sessionData: AuthCookie;
    readonly accountData: AuthCookie;
    readonly dontRememberToken: AuthCookie;
  };
  readonly createAuthCookie: (name: string) => AuthCookie;
  readonly internalAdapter: {
    readonly findVerificationValue: (
      identifier: string,
    ) => Promise<{ readonly value: string } | null | undefined>;
  };
  readonly returned?: unknown;
  readonly responseHeaders?: Headers;
}

/** One call of an endpoint: of a request, or of `auth.api`. */
export interface HookContext {
  readonly path?: string;
  readonly headers?: Headers | undefined;
  readonly request?: Request | undefined;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly context: AuthContext;
}
