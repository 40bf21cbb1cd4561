// Tries a token with the keyring in force, for every purpose that it may be for.
import { appNames } from '../config/app.js';
import { KeyturnError, orKeyturnError } from '../errors.js';
import type { Keyring } from '../keyring/keyring.js';
import { LiveKeyring } from '../keyring/live.js';
import { PurposeRegistry } from '../purposes/registry.js';
import type { Resolution } from '../resolve/resolve.js';
import type { PurposeKeyringParts } from '../signing/purpose-keyring.js';
import type { RefusalReason } from '../signing/result.js';
import { parseSealed, type SealedParts } from '../signing/sealed-token.js';
import { TokenSealer } from '../signing/sealer.js';
import { AEAD_PACKAGE } from '../signing/sealer-unavailable.js';
import { TokenSigner } from '../signing/signer.js';
import { type Aead, loadAead } from '../signing/sodium.js';
import { parseToken, type TokenParts } from '../signing/token.js';
import { Usage } from '../signing/usage.js';
import type { Context } from './command.js';
import { openRotation } from './open.js';

/** The token in what was pasted: by itself, or as it stands in a cookie, with its name and attributes around it. */
export function tokenIn(text: string): string {
  const values = text.split(';').map((part) => part.slice(part.indexOf('=') + 1).trim());
  return values.find((value) => (parseToken(value) ?? parseSealed(value)) !== undefined) ?? text;
}

export type Parts = TokenParts | SealedParts;

export function isSealed(parts: Parts): parts is SealedParts {
  return 'body' in parts;
}

/** Why a token does not verify: what the library says, or that there is nothing to try it with. */
export type Reason = RefusalReason | 'no_keyring' | 'no_cipher';

export interface Trial {
  /** The purposes that it verifies for. */
  readonly purposes: readonly string[];
  /** Whether the MAC is right, whatever the time. */
  readonly authentic: boolean;
  readonly reason: Reason | null;
  /** Why there is no keyring, or no cipher, to try. */
  readonly obstacle?: KeyturnError;
}

/** Lets tokens of every day be tried, in seconds. */
const ANY_AGE = 100 * 366 * 86_400;

export async function tryOut(
  token: string,
  sealed: boolean,
  asked: string | undefined,
  resolution: Resolution,
  ring: Keyring | KeyturnError,
  clock: () => number,
): Promise<Trial> {
  if (ring instanceof KeyturnError)
    return { purposes: [], authentic: false, reason: 'no_keyring', obstacle: ring };
  const aead = sealed ? await cipher() : undefined;
  if (aead instanceof KeyturnError)
    return { purposes: [], authentic: false, reason: 'no_cipher', obstacle: aead };
  const live = new LiveKeyring(ring, clock);
  const usage = new Usage();
  const names = asked === undefined ? purposeNames(resolution) : [asked];
  const apps = appNames(resolution.settings);
  const purposes: string[] = [];
  let best: RefusalReason = 'malformed';
  for (const purpose of names) {
    const tokenParts: PurposeKeyringParts = {
      purpose,
      maxAge: ANY_AGE,
      ring: live,
      clock,
      usage,
      epoch: 'none',
      apps,
      onRefusal: () => {},
    };
    const result =
      aead === undefined
        ? new TokenSigner(tokenParts).verify(token)
        : new TokenSealer(tokenParts, aead).open(token);
    const outcome = result.ok ? undefined : result.reason;
    // Binding is looked at last: what is bound and gets so far is authentic, and only the app knows the rest.
    if (outcome === undefined || outcome === 'bind_mismatch') purposes.push(purpose);
    else if (!isOfTime(best)) best = outcome;
  }
  const fine = purposes.length > 0;
  return { purposes, authentic: fine || isOfTime(best), reason: fine ? null : best };
}

/** A reason that only a genuine token has. */
function isOfTime(reason: RefusalReason): boolean {
  return reason === 'expired' || reason === 'not_yet_valid';
}

/** The keyring in force, or why there is none. What else is wrong with the configuration does not matter here. */
export async function ringToTry(context: Context, resolution: Resolution): Promise<Keyring | KeyturnError> {
  if (resolution.settings.get('security.keyring.store') === undefined)
    return resolution.keyring ?? noKeyring(firstError(resolution));
  const ring = await orKeyturnError(async () => await (await openRotation(context)).ring());
  return ring instanceof KeyturnError ? noKeyring(ring) : ring;
}

/** What opens sealed tokens, or why there is none. */
async function cipher(): Promise<Aead | KeyturnError> {
  const what = `a sealed token cannot be tried: the package ${AEAD_PACKAGE} is not installed`;
  const aead = await orKeyturnError(loadAead);
  return aead ?? new KeyturnError('sealer_unavailable', what, `npm install ${AEAD_PACKAGE}`);
}

export function firstError({ problems }: Resolution): KeyturnError | undefined {
  return problems.find((problem) => problem.severity === 'error')?.error;
}

function noKeyring(first: KeyturnError | undefined): KeyturnError {
  return new KeyturnError(
    first?.code ?? 'secret_missing',
    `there is no keyring to verify with: ${first?.message ?? 'none is configured, and no start has made one yet'}`,
    first?.hint ?? 'run it where the app runs, with its environment; keyturn doctor shows what is in force',
  );
}

function purposeNames({ settings }: Resolution): readonly string[] {
  try {
    return new PurposeRegistry(settings, true).all.map(({ name }) => name);
  } catch (error) {
    if (!(error instanceof KeyturnError)) throw error;
    throw new KeyturnError(error.code, error.message, `${error.hint}, or ask with --purpose NAME`);
  }
}
