// Entity tags (RFC 9110, section 8.8.3): `"x"`, which names one version byte for byte, and the weak `W/"x"`.

/** The `W` is a capital: anything else is not a weak tag, and must not pass for the strong one inside it. */
const TAG = /(?:W\/)?"[!#-~\x80-\xff]*"/y;
const BEFORE = /[ \t,]*/y;
const BEHIND = /[ \t]*(?:,|$)/y;

/** A list of entity tags; undefined for anything else. Empty places in a list are passed over, as section 5.6.1 asks. */
export function parseEntityTags(list: string): readonly string[] | undefined {
  const tags: string[] = [];
  let at = match(BEFORE, list, 0) as number;
  while (at < list.length) {
    const end = match(TAG, list, at);
    const next = end === undefined ? undefined : match(BEHIND, list, end);
    if (next === undefined) return undefined;
    tags.push(list.slice(at, end));
    at = match(BEFORE, list, next) as number;
  }
  return tags.length === 0 ? undefined : tags;
}

/** Where a match that begins at a place ends. */
function match(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
