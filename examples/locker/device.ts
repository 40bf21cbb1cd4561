// What a browser says of itself, in a few words. A hint for its owner, and nothing that anybody is let in by.

/** In this order: most browsers also name those that came before them. */
const BROWSERS = [
  ['Edg', 'Edge'],
  ['OPR', 'Opera'],
  ['Firefox', 'Firefox'],
  ['Chrome', 'Chrome'],
  ['Safari', 'Safari'],
  ['curl', 'curl'],
] as const;

const SYSTEMS = [
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Android', 'Android'],
  ['Windows', 'Windows'],
  ['Mac OS X', 'macOS'],
  ['Linux', 'Linux'],
] as const;

/** `Firefox on Linux`; `A program` where nothing is known. */
export function deviceOf(userAgent = ''): string {
  const named = ([sign]: readonly [string, string]) => userAgent.includes(sign);
  const [, browser = 'A program'] = BROWSERS.find(named) ?? [];
  const [, system] = SYSTEMS.find(named) ?? [];
  return system === undefined ? browser : `${browser} on ${system}`;
}
