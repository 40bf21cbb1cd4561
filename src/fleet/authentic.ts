// Reports are kept where others can write too: in a database, in a folder of a volume. So a process vouches for its
// report with a key that only holders of the ring have. A report without that is a hint at most.
//
// A report is JSON whose last fields are the name of the app, where it has one, the key's id, and an HMAC over all that
// stands before the HMAC. Two apps may hold one ring: each vouches under its own name, and is heard under that name.
import { KID, NAME } from '../formats.js';
import type { Keyring } from '../keyring/keyring.js';
import { isReportHmac, reportHmac } from '../keyring/report-hmac.js';
import { LIMIT_BYTES, type ReplicaReport, readReport } from './report.js';

/** A report as it was found. */
export interface HeardReport extends ReplicaReport {
  /** Whether a key of the ring vouches for it. */
  readonly authentic: boolean;
  /** When it was written, by the clock of its process; `at` may go by another clock. Milliseconds since 1970. */
  readonly dated: number;
}

/** What stands before the HMAC, which ends the text. */
const MAC_FIELD = ',"mac":"';
const END = '"}';
/** Who vouches: of which app, and under which key. */
const SIGNATURE = new RegExp(`(?:,"app":"(${NAME})")?,"by":"(${KID})"$`);
const LONGEST_SIGNATURE = 64;
const TAIL_LENGTH = MAC_FIELD.length + 43 + END.length;

/** @param ring its active key vouches; a process that has no ring yet cannot vouch for its report */
export function reportText(report: ReplicaReport, ring: Keyring | undefined): string {
  if (ring === undefined) return JSON.stringify(report);
  const { active } = ring;
  const { app, ...rest } = report;
  const body = JSON.stringify({ ...rest, app, by: active.id }).slice(0, -1);
  return `${body}${MAC_FIELD}${reportHmac(active, body, app)}${END}`;
}

/**
 * Reads a report; undefined for anything that is not a valid one. Moments in it that lie in the future become `now`.
 *
 * @param ring one of its live keys has to vouch for it; undefined where nobody can
 * @param now milliseconds since 1970
 */
export function readHeard(
  text: string | undefined,
  ring: Keyring | undefined,
  now: number,
): HeardReport | undefined {
  return heardAs(text, text !== undefined && isAuthentic(text, ring), now);
}

/** The same for a text that has been checked already. @param authentic see {@link isAuthentic} */
export function heardAs(text: string | undefined, authentic: boolean, now: number): HeardReport | undefined {
  const report = readReport(text);
  if (report === undefined) return undefined;
  const past = (at: number) => Math.min(at, now);
  return {
    ...report,
    loadedAt: past(report.loadedAt),
    uses: report.uses.map((use) => ({
      ...use,
      verifiedAt: past(use.verifiedAt),
      signedAt: past(use.signedAt),
    })),
    movingIn: report.movingIn?.map((one) => ({
      ...one,
      seenAt: past(one.seenAt),
      since: one.since === undefined ? undefined : past(one.since),
    })),
    authentic,
    dated: report.at,
  };
}

/** Whether a live key of the ring vouches for the text, whatever it says. */
export function isAuthentic(text: string, ring: Keyring | undefined): boolean {
  if (text.length > LIMIT_BYTES) return false;
  const body = text.slice(0, -TAIL_LENGTH);
  const tail = text.slice(-TAIL_LENGTH);
  const [, app, by] = SIGNATURE.exec(body.slice(-LONGEST_SIGNATURE)) ?? [];
  if (ring === undefined || by === undefined) return false;
  const key = ring.get(by);
  if (key === undefined || !tail.startsWith(MAC_FIELD) || !tail.endsWith(END)) return false;
  return isReportHmac(key, body, tail.slice(MAC_FIELD.length, -END.length), app);
}
