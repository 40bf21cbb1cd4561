// What the doctor says: one finding per check, and the sum of them.

/** The verdict of a check. */
export type Status = 'pass' | 'warn' | 'fail';

/** The result of one check. `detail` and `hint` may have several lines; neither ever holds a secret. */
export interface Finding {
  readonly name: string;
  readonly status: Status;
  readonly detail: string;
  /** What to do; absent when there is nothing to do. */
  readonly hint?: string;
}

/** What `keyturn doctor --json` prints. */
export interface Report {
  readonly checks: readonly Finding[];
  readonly summary: { readonly passed: number; readonly warned: number; readonly failed: number };
}

/** One thing that a check noticed. */
export type Point = Omit<Finding, 'name'>;

type Verdict = (detail: string, hint?: string) => Point;

export const pass: Verdict = verdict('pass');
export const warn: Verdict = verdict('warn');
export const fail: Verdict = verdict('fail');

function verdict(status: Status): Verdict {
  return (detail, hint) => (hint === undefined ? { status, detail } : { status, detail, hint });
}

const GRAVITY: readonly Status[] = ['fail', 'warn', 'pass'];

/** Puts the points of one check together: the gravest first, and its status is the finding's. */
export function finding(name: string, points: readonly Point[]): Finding {
  const sorted = [...points].sort((a, b) => GRAVITY.indexOf(a.status) - GRAVITY.indexOf(b.status));
  const details = sorted.map((found) => found.detail);
  const hints = [...new Set(sorted.flatMap((found) => found.hint ?? []))];
  return {
    name,
    status: sorted[0]?.status ?? 'pass',
    detail: details.join('\n'),
    ...(hints.length === 0 ? {} : { hint: hints.join('\n') }),
  };
}

export function report(checks: readonly Finding[]): Report {
  const count = (status: Status) => checks.filter((check) => check.status === status).length;
  return { checks, summary: { passed: count('pass'), warned: count('warn'), failed: count('fail') } };
}
