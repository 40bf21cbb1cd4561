// What Locker itself reads from the environment. Secrets, sessions and keys are Keyturn's to configure.
import { isIP } from 'node:net';
import { LONGEST_PASSWORD } from './passwords.js';

export interface Settings {
  readonly port: number;
  readonly host: string;
  /** The password that everybody signs in with who has chosen no other. */
  readonly password: string;
  /** The password may be shown on the sign-in form: it is the one that everybody knows anyway. */
  readonly showPassword: boolean;
  /** Where files and accounts are kept. */
  readonly dataDir: string;
  /** The largest file, in bytes. */
  readonly maxFileSize: number;
  /** How long shared links may work, as `1h` and `7d`. */
  readonly shareFor: readonly string[];
  /** What stands in front of the paths of links that people copy; undefined: as the request says. */
  readonly origin: string | undefined;
  /** The names of those who may take steps in the console of the keys. */
  readonly operators: readonly string[];
  /** The proxies whose word is taken for where a request comes from: addresses and networks. */
  readonly trustedProxies: readonly string[];
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
const DEFAULT_FILE_SIZE = 100 * 1024 * 1024;

/** @throws StartError */
export function readSettings(env: NodeJS.ProcessEnv, production: boolean): Settings {
  return {
    port: readPort(env.PORT),
    host: env.HOST || (production ? '0.0.0.0' : 'localhost'),
    password: readPassword(env.LOCKER_PASSWORD, production),
    showPassword: env.LOCKER_PASSWORD === undefined,
    dataDir: env.LOCKER_DATA_DIR || '.locker',
    maxFileSize: readFileSize(env.LOCKER_MAX_FILE_SIZE),
    shareFor: (env.LOCKER_SHARE_FOR || '1h,1d,7d').split(',').map((duration) => duration.trim()),
    origin: readOrigin(env.LOCKER_ORIGIN),
    operators: listOf(env.LOCKER_OPERATORS),
    trustedProxies: readProxies(env.LOCKER_TRUSTED_PROXIES),
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
  if (text !== undefined && text.length > LONGEST_PASSWORD) {
    throw new StartError(
      `LOCKER_PASSWORD has more than ${LONGEST_PASSWORD} characters`,
      'set it to a shorter one: nobody could sign in with it',
    );
  }
  if (text !== undefined) return text;
  if (!production) return DEVELOPMENT_PASSWORD;
  throw new StartError(
    'production needs a password to sign in with',
    'set LOCKER_PASSWORD to one that is hard to guess',
  );
}

function readFileSize(text: string | undefined): number {
  if (text === undefined) return DEFAULT_FILE_SIZE;
  if (/^\d{1,15}$/.test(text) && Number(text) > 0) return Number(text);
  throw new StartError(
    'LOCKER_MAX_FILE_SIZE is not a number of bytes',
    `set it to a whole number such as ${DEFAULT_FILE_SIZE}, or unset it`,
  );
}

function readOrigin(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return new URL(text).origin;
  throw new StartError(
    'LOCKER_ORIGIN is no address of a website',
    'set it to what visitors see, such as https://locker.example.com, or unset it',
  );
}

/** Whatever they say of visitors is believed: a network that visitors are in themselves must not be among them. */
function readProxies(text = ''): readonly string[] {
  const proxies = listOf(text);
  if (proxies.every(isNetwork)) return proxies;
  throw new StartError(
    'LOCKER_TRUSTED_PROXIES is not a list of addresses and networks',
    'set it to those of your proxies, such as 10.1.2.3,10.2.0.0/16, or unset it',
  );
}

function listOf(text = ''): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  // Of all addresses on earth (/0) none is a visitor's.
  return longest > 0 && (bits === undefined || (Number(bits) > 0 && Number(bits) <= longest));
}
