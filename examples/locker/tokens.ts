// Everything that Locker signs itself. Sessions, CSRF tokens and links to files come with their plugins.
import { type Keyturn, KeyturnError, type Links, type Signer } from 'keyturn';
import { createJwt, createRefreshTokens, type Jwt, type RefreshTokens } from 'keyturn/jwt';
import { refreshTokensAtRest } from './at-rest.js';

/** How long a link works; as long as the configuration allows where it says nothing. */
export interface Age {
  readonly maxAge?: string;
}

/** What tokens of the API carry, so that a new password ends them: when the password was chosen that they are for. */
export interface ForPassword {
  readonly passwordAt: number;
}

export interface Tokens {
  /** Ends when the password of its user changes, so it can be used once. */
  readonly reset: Signer<{ readonly user: string }>;
  /** Links to pages about a shared file. */
  readonly shared: Links;
  /** How long those may work, by what visitors choose. */
  readonly shareFor: ReadonlyMap<string, Age>;
  /** How long links to an own file work: time to list, to download and to resume. */
  readonly download: Age;
  readonly access: Jwt<ForPassword>;
  readonly refresh: RefreshTokens<ForPassword>;
}

/** Seconds. */
const HOUR = 3600;

/** @throws KeyturnError `duration_invalid` */
export function createTokens(keyturn: Keyturn, shareFor: readonly string[]): Tokens {
  // Code may only shorten what the configuration allows.
  const longestReset = keyturn.signer('password-reset').maxAge;
  const choices = shareFor.filter((maxAge) => isAllowed(keyturn, maxAge));
  return {
    reset: keyturn.signer('password-reset', { maxAge: Math.min(HOUR, longestReset) }),
    shared: keyturn.links(),
    shareFor: new Map<string, Age>(
      choices.length === 0 ? [['as long as possible', {}]] : choices.map((maxAge) => [maxAge, { maxAge }]),
    ),
    download: isAllowed(keyturn, '1h') ? { maxAge: '1h' } : {},
    access: createJwt<ForPassword>(keyturn, { issuer: 'locker', audience: 'locker-api' }),
    refresh: createRefreshTokens<ForPassword>(keyturn, { store: refreshTokensAtRest(keyturn) }),
  };
}

/** Whether the configuration lets links work for so long. */
function isAllowed(keyturn: Keyturn, maxAge: string): boolean {
  try {
    keyturn.links({ maxAge });
    return true;
  } catch (error) {
    if (error instanceof KeyturnError && error.code === 'purpose_lifetime') return false;
    throw error;
  }
}
