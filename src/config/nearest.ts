// Finds the known name that a mistyped one most likely meant. What was typed may be a secret in the wrong place, and of
// any length: it is compared where it is short, and repeated only where it is known to be a name.

/** Longer than every name there is. */
const LONGEST = 80;
/** A name that differs by so few characters from a known one holds nothing but that name and a slip. */
const SLIP = 3;

/** The closest of `known` to `name`, or undefined when none is close enough to be worth saying. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined;
  const whole = withSection(name, known);
  if (whole !== undefined) return whole;
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Whether what was typed may be repeated: it is a known name, or part of one, but for a slip. */
export function isSlipOf(typed: string, known: string | undefined): boolean {
  if (known === undefined || typed.length > LONGEST) return false;
  return known.endsWith(typed) || editDistance(typed.toLowerCase(), known.toLowerCase()) <= SLIP;
}

/** The one name that is this one with a section that was left out: "keyring" means "security.keyring". */
function withSection(name: string, known: readonly string[]): string | undefined {
  // Of a variable the prefix stays in front.
  const prefix = name.startsWith('KEYTURN_') ? 'KEYTURN_' : '';
  const rest = name.slice(prefix.length);
  const mark = prefix === '' ? '.' : '__';
  const found = known.filter(
    (candidate) => candidate.startsWith(prefix) && candidate.endsWith(`${mark}${rest}`),
  );
  return found.length === 1 ? found[0] : undefined;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
