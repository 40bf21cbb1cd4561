// What ended processes signed. Their tokens live on, and a key must not be retired before its last token has expired.
//
// One moment for each key: the last at which any ended process may have signed with it. A process that says goodbye
// tells it. For one that was killed it is the end of its lease, or the moment when it was found to be gone. The key
// that the moment is about vouches for it: the moment matters for as long as that key is there.

import { join } from 'node:path';
import { isRegularFile, readRegularFile, replaceFile, writeInformation } from '../disk/files.js';
import { withLock } from '../disk/lock.js';
import { isKid, isName } from '../formats.js';
import type { Keyring } from '../keyring/keyring.js';
import { isReportHmac, reportHmac } from '../keyring/report-hmac.js';
import { hasShape, isMoment, LIMIT_BYTES, optional, readJson } from './report.js';

export const ENDED_FILE = 'ended.json';

/** Milliseconds since 1970, by key id. */
export type LastSigned = Readonly<Record<string, number>>;

/** One moment as it is kept. */
export interface EndedMoment {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The HMAC of who told it. */
  readonly proof: string;
  /** The app that told it, where the place does not already say that; undefined for one without a name. */
  readonly app?: string | undefined;
}

/** By key id. */
export type EndedMoments = Readonly<Record<string, EndedMoment>>;

/**
 * @param ring of the process that tells it; moments of keys that it does not hold are left out
 * @param app whose process that is
 */
export function proven(lastSigned: LastSigned, ring: Keyring | undefined, app?: string): EndedMoments {
  const told = Object.entries(lastSigned).flatMap(([kid, signedAt]) => {
    const at = Math.ceil(signedAt);
    const key = ring?.get(kid);
    const proof = key === undefined || at <= 0 ? undefined : reportHmac(key, textOf(kid, at), app);
    return proof === undefined ? [] : [[kid, { at, proof, ...(app === undefined ? {} : { app }) }] as const];
  });
  return Object.fromEntries(told);
}

/** Those moments that are about live keys of the ring, and that a holder of the key has told. */
export function believed(moments: EndedMoments, ring: Keyring | undefined): LastSigned {
  const told = (ring?.live ?? []).flatMap((key) => {
    const moment = Object.hasOwn(moments, key.id) ? moments[key.id] : undefined;
    if (moment === undefined) return [];
    const { at, proof, app } = moment;
    return isReportHmac(key, textOf(key.id, at), proof, app) ? [[key.id, at] as const] : [];
  });
  return Object.fromEntries(told);
}

/** No report begins like this, so the HMAC of one cannot pass for that of the other. */
function textOf(kid: string, at: number): string {
  return `ended ${kid} ${at}`;
}

/**
 * Keeps the later of each moment in a folder of reports.
 *
 * @returns false when it cannot be kept, as where the folder cannot be written: then what told it must stay
 */
export async function noteEnded(
  folder: string,
  told: LastSigned,
  ring: Keyring | undefined,
  app?: string,
): Promise<boolean> {
  const file = join(folder, ENDED_FILE);
  const moments = proven(told, ring, app);
  // A moment that nobody vouches for is replaced, whatever it says.
  const news = async () => {
    const known = await readEnded(folder);
    const trusted = believed(known, ring);
    return {
      known,
      trusted,
      later: Object.entries(moments).filter(([kid, { at }]) => at > (trusted[kid] ?? 0)),
    };
  };
  // Most often it is known already, and no lock is needed.
  if ((await news()).later.length === 0) return true;
  return await withLock(file, async ({ stillMine }) => {
    const { known, trusted, later } = await news();
    if (later.length === 0) return true;
    const text = `${JSON.stringify({ ...within(known, trusted), ...Object.fromEntries(later) })}\n`;
    // A command of root's and a process of another user both write here: the file stays whose it was.
    if (await isRegularFile(file)) return await replaceFile(file, text, stillMine);
    await writeInformation(file, text);
    return true;
  }).catch(() => false);
}

/** The most moments that are kept though this process cannot judge them: of keys that others hold, or made up. */
const MOST_STRANGE = 1000;

/** The file stays small enough to be read, whoever else writes there. */
function within(known: EndedMoments, trusted: LastSigned): EndedMoments {
  const all = Object.entries(known);
  const own = all.filter(([kid]) => Object.hasOwn(trusted, kid));
  const strange = all.filter(([kid]) => !Object.hasOwn(trusted, kid)).slice(0, MOST_STRANGE);
  return Object.fromEntries([...strange, ...own]);
}

/** What is kept in a folder of processes that have ended, whoever told it. */
export async function readEnded(folder: string): Promise<EndedMoments> {
  const known = readJson(await readRegularFile(join(folder, ENDED_FILE), LIMIT_BYTES));
  const moments = Object.entries(known ?? {}).filter(
    ([kid, moment]) => isKid(kid) && hasShape(moment, MOMENT),
  );
  // Without a prototype: "toString" has the form of a key id.
  return Object.assign(Object.create(null), Object.fromEntries(moments));
}

const MOMENT = {
  at: isMoment,
  proof: (proof: unknown) => typeof proof === 'string' && proof.length === 43,
  app: optional(isName),
};
