// keyturn inspect: takes a token apart and tries it with the keyring in force. Never shows a key.
import { KeyturnError } from '../../errors.js';
import { isName } from '../../formats.js';
import type { Keyring } from '../../keyring/keyring.js';
import { resolve } from '../../resolve/resolve.js';
import { parseSealed } from '../../signing/sealed-token.js';
import { decodePayload, parseToken } from '../../signing/token.js';
import { iso, relativeTime } from '../../words/time.js';
import type { Command, Context } from '../command.js';
import { wrongUsage } from '../stop.js';
import {
  firstError,
  isSealed,
  type Parts,
  type Reason,
  ringToTry,
  type Trial,
  tokenIn,
  tryOut,
} from '../token-trial.js';
import { type Foreign, foreignToken } from '../words/foreign.js';
import { columns } from '../words/layout.js';
import { type ShownPayload, shownPayload } from '../words/payload.js';

export const inspect: Command = {
  usage: 'TOKEN|- [--purpose NAME]',
  about: [
    'Shows what is in a token (- reads it from standard input): version, key id and the state',
    'of that key, when it was issued and expires, its payload, and the purposes it verifies',
    'for with the keyring in force. Anybody who holds a token can read its payload; unless it',
    'verifies, anybody can have written it. What a sealed token holds is never shown.',
    '',
    'Exit code 0 when it verifies for a purpose (or for the one asked about), 1 otherwise.',
  ],
  options: [{ name: 'purpose', value: 'NAME', about: 'try this purpose only, declared or not' }],
  words: ['TOKEN'],
  run: async (context) => {
    const purpose = context.value('purpose');
    if (purpose !== undefined && !isName(purpose)) {
      throw wrongUsage(
        '--purpose takes the name of a purpose',
        'a name of a-z, 0-9 and "-" that begins with a letter',
      );
    }
    const [word = ''] = context.words;
    const pasted = (word === '-' ? await context.surroundings.readInput() : word).trim();
    const token = tokenIn(pasted);
    const parts = parseToken(token) ?? parseSealed(token);
    const resolution = await resolve({ machine: context.machine, profile: context.profile, create: false });
    const ring = parts === undefined ? undefined : await ringToTry(context, resolution);
    const trial: Trial =
      parts === undefined || ring === undefined
        ? NO_TOKEN
        : await tryOut(token, isSealed(parts), purpose, resolution, ring, context.machine.now);
    const foreign = parts === undefined ? foreignToken(pasted) : undefined;
    const seen = describe(parts, trial, ring instanceof KeyturnError ? undefined : ring, foreign);
    const error = firstError(resolution);
    if (error !== undefined && trial.obstacle === undefined)
      context.ui.note(`a start with this configuration is refused: ${error.message}`);
    if (context.json) context.ui.json(seen);
    else show(seen, context);
    if (trial.obstacle !== undefined) context.ui.error(trial.obstacle.message, trial.obstacle.hint);
    return seen.reason === null ? 0 : 1;
  },
};

const NO_TOKEN: Trial = { purposes: [], authentic: false, reason: 'malformed' };

/** What `--json` prints. */
interface Seen {
  readonly version: number | null;
  readonly kid: string | null;
  /** The state of its key in the ring in force, or `unknown`. */
  readonly keyState: string | null;
  readonly issuedAt: string | null;
  readonly expiresAt: string | null;
  /** False for a sealed token, of which nobody can tell. */
  readonly bound: boolean;
  readonly sealed: boolean;
  /** Whether the payload was written by a holder of the key. */
  readonly authentic: boolean;
  /** Null for a sealed token, and for a payload that is too large or too deep to be shown. */
  readonly payload: unknown;
  /** Why a payload that could be read is not shown. */
  readonly payloadOmitted?: string;
  readonly purposes: readonly string[];
  readonly reason: Reason | null;
  /** Of a token that is none of Keyturn's: what it looks like. */
  readonly foreign?: Foreign;
}

function describe(
  parts: Parts | undefined,
  trial: Trial,
  ring: Keyring | undefined,
  foreign: Foreign | undefined,
): Seen {
  const shown: ShownPayload =
    parts === undefined || isSealed(parts) ? { value: null } : shownPayload(decodePayload(parts.payload));
  return {
    version: parts === undefined ? null : 1,
    kid: parts?.kid ?? null,
    keyState: parts === undefined || ring === undefined ? null : (ring.get(parts.kid)?.state ?? 'unknown'),
    issuedAt: iso(parts && parts.issuedAt * 1000),
    expiresAt: iso(parts && parts.expiresAt * 1000),
    bound: parts !== undefined && !isSealed(parts) && parts.bindTag !== undefined,
    sealed: parts !== undefined && isSealed(parts),
    authentic: trial.authentic,
    payload: 'omitted' in shown ? null : shown.value,
    ...('omitted' in shown ? { payloadOmitted: shown.omitted } : {}),
    purposes: trial.purposes,
    reason: trial.reason,
    ...(foreign === undefined ? {} : { foreign }),
  };
}

const REASONS: Readonly<Record<Reason, string>> = {
  malformed: 'it is not a token of Keyturn, or not a whole one',
  unknown_key: 'the keyring in force does not have its key',
  retired_key: 'its key is retired',
  revoked_key: 'its key is revoked',
  bad_signature: 'its signature is for none of these purposes, or it was tampered with',
  expired: 'it has expired',
  not_yet_valid: 'it was issued more than a day in the future: a clock is wrong',
  bind_mismatch: 'it is bound to another state',
  no_keyring: 'there is no keyring to try',
  no_cipher: 'the cipher that opens it is not installed',
};

const SEALED_BAD =
  'it is sealed for none of these purposes, is bound to a state that only the app knows, or was tampered with';

function show(seen: Seen, { ui, machine }: Context): void {
  const refusal =
    seen.sealed && seen.reason === 'bad_signature' ? SEALED_BAD : seen.reason && REASONS[seen.reason];
  const verdict = seen.reason === null ? seen.purposes.join(', ') : `nothing: ${refusal}`;
  if (seen.version === null) {
    const { foreign } = seen;
    const told =
      foreign === undefined
        ? []
        : [
            ['looks like', foreign.what] as const,
            ['its bridge', foreign.pages.map((page) => `node_modules/keyturn/${page}`).join(', ')] as const,
          ];
    ui.print(...columns([['verifies for', verdict], ...told], ''));
    return;
  }
  const when = (date: string | null) => `${date} (${relativeTime(Date.parse(date ?? ''), machine.now())})`;
  ui.print(
    ...columns(
      [
        ['version', String(seen.version)],
        ['kid', `${seen.kid}${seen.keyState === null ? '' : ` (${seen.keyState})`}`],
        ['issued', when(seen.issuedAt)],
        ['expires', when(seen.expiresAt)],
        ...(seen.bound ? [['bound', 'to a state that only the app can check'] as const] : []),
        ['verifies for', verdict],
        [
          'payload',
          seen.sealed
            ? 'sealed: content not shown'
            : seen.payloadOmitted !== undefined
              ? `not shown: ${seen.payloadOmitted}`
              : seen.authentic
                ? ''
                : 'unverified: anybody can have written this',
        ],
      ],
      '',
    ),
    ...(seen.sealed || seen.payloadOmitted !== undefined
      ? []
      : JSON.stringify(seen.payload, null, 2)
          .split('\n')
          .map((verbatim) => ({ verbatim }))),
  );
}
