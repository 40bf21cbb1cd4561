// A path as it may stand in a log. Links to set a password or to confirm an address carry their secret in it.

const LONGEST = 200;
/** Shorter ones are ids and words: a secret of fewer characters could be guessed. */
const SHORTEST_SECRET = 16;
/** Words such as `forgotten-password`, none of them longer than one can be. */
const WORDS = /^[A-Z]?[a-z]{1,20}([-_][A-Z]?[a-z]{1,20})*$/;

/** Without query and fragment; each segment that may be a secret is left out. */
export function pathForLog(url: string): string {
  const path = url.split(/[?#]/, 1)[0] as string;
  const known = path
    .split('/')
    .map((segment) => (segment.length < SHORTEST_SECRET || WORDS.test(segment) ? segment : '…'));
  return known
    .join('/')
    .replace(/[^!-~…]/g, '?')
    .slice(0, LONGEST);
}
