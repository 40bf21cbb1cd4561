// A payload as it is shown. Whoever wrote the token decides how large it is and how deep: both have a bound.

/** So many characters of JSON are shown. */
const MOST_CHARACTERS = 16 * 1024;
/** `JSON.stringify` calls itself for every level, and lays each out further to the right than the one around it. */
const MOST_LEVELS = 32;

export type ShownPayload = { readonly value: unknown } | { readonly omitted: string };

/**
 * What is shown of a payload.
 *
 * @param json as it stands in the token
 */
export function shownPayload(json: string): ShownPayload {
  if (json.length > MOST_CHARACTERS)
    return { omitted: `it is ${json.length} characters long; up to ${MOST_CHARACTERS} are shown` };
  if (isDeeperThan(MOST_LEVELS, json))
    return { omitted: `it is nested more than ${MOST_LEVELS} levels deep; up to so many are shown` };
  try {
    return { value: JSON.parse(json) as unknown };
  } catch {
    return { value: null };
  }
}

/** Counts brackets outside of texts, so that nothing is built that deep. */
function isDeeperThan(levels: number, json: string): boolean {
  let level = 0;
  let inText = false;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '"') inText = !inText;
    else if (inText) at += character === '\\' ? 1 : 0;
    else if (character === '[' || character === '{') level++;
    else if (character === ']' || character === '}') level--;
    if (level > levels) return true;
  }
  return false;
}
