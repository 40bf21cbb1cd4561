// What Locker itself reads from the environment. Secrets, sessions and keys are Keyturn's to configure.

export interface Settings {
  readonly port: number;
  readonly host: string;
  /** The password that everybody signs in with. */
  readonly password: string;
  /** The password may be shown on the sign-in form: it is the one that everybody knows anyway. */
  readonly showPassword: boolean;
}

/** A mistake of the operator, and what to do about it. */
export class StartError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

const DEFAULT_PORT = 3000;
const DEVELOPMENT_PASSWORD = 'locker';

/** @throws StartError */
export function readSettings(env: NodeJS.ProcessEnv, production: boolean): Settings {
  return {
    port: readPort(env.PORT),
    host: env.HOST || (production ? '0.0.0.0' : 'localhost'),
    password: readPassword(env.LOCKER_PASSWORD, production),
    showPassword: env.LOCKER_PASSWORD === undefined,
  };
}

function readPort(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new StartError(
    'PORT is not the number of a port',
    `set PORT to a number from 0 to 65535, or unset it for ${DEFAULT_PORT}`,
  );
}

function readPassword(text: string | undefined, production: boolean): string {
  if (text === '') throw new StartError('LOCKER_PASSWORD is empty', 'set it to the password to sign in with');
  if (text !== undefined) return text;
  if (!production) return DEVELOPMENT_PASSWORD;
  throw new StartError(
    'production needs a password to sign in with',
    'set LOCKER_PASSWORD to one that is hard to guess',
  );
}
