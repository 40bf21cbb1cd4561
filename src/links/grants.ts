// What a link allows beside the URL that was signed. It stands in the payload of the token, so that whoever signs decides:
// parameters that mail and social networks add, and whatever lies in a folder.
import { KeyturnError } from '../errors.js';
import { ENDING, type Parameter } from './canonical-url.js';

/** As it stands in the token; 0: nothing. `in`: into how many pieces the folder's path falls, cut at its slashes. */
export type LinkPayload = 0 | { readonly add?: readonly string[]; readonly in?: number };

/** A name, or the beginning of names. `sig` is that of the signature. */
const NAME = /^(?!sig$)[A-Za-z][\w-]{0,63}\*?$/;
const MOST_NAMES = 20;

/**
 * What in the rest of a path leads elsewhere for some server: what is decoded once more, a parameter of a segment, an
 * empty segment.
 */
const ODD = /%2F|%5C|%25|%[01][0-9A-F]|%7F|;|\/\//;

/** @throws KeyturnError `link_invalid` */
export function payloadOf(path: string, mayAdd: readonly string[], folder: boolean): LinkPayload {
  if (!Array.isArray(mayAdd) || mayAdd.length > MOST_NAMES || !mayAdd.every((name) => NAME.test(name)))
    throw new KeyturnError(
      'link_invalid',
      'mayAdd is not a list of names of parameters',
      'write names of letters, digits, "_" and "-", with a "*" at the end for all that begin so: ["utm_*", "fbclid"]',
    );
  if (folder && (!path.endsWith('/') || path === '/'))
    throw new KeyturnError(
      'link_invalid',
      'a link to a folder does not end with a slash',
      'write the path of the folder with a slash at its end: "/videos/42/"',
    );
  if (mayAdd.length === 0 && !folder) return 0;
  return {
    ...(mayAdd.length > 0 ? { add: mayAdd } : {}),
    ...(folder ? { in: path.split('/').length - 1 } : {}),
  };
}

/** Undefined for a payload that `sign` has not made. */
export function readPayload(payload: unknown): Exclude<LinkPayload, 0> | undefined {
  if (payload === 0) return {};
  if (typeof payload !== 'object' || payload === null) return undefined;
  const { add, in: depth } = payload as { add?: unknown; in?: unknown };
  if (add !== undefined && !(Array.isArray(add) && add.every((name) => typeof name === 'string')))
    return undefined;
  if (depth !== undefined && !Number.isSafeInteger(depth)) return undefined;
  return payload as Exclude<LinkPayload, 0>;
}

/** The path that was signed, of a link to a folder by what is asked for in it; undefined where it leads out of it. */
export function signedPathOf(path: string, { in: depth }: Exclude<LinkPayload, 0>): string | undefined {
  if (depth === undefined) return path;
  const pieces = path.split('/');
  if (pieces.length <= depth || ODD.test(`/${pieces.slice(depth).join('/')}`)) return undefined;
  return `${pieces.slice(0, depth).join('/')}/`;
}

/** The parameters that are bound. One in whose value some reader sees another parameter is never merely added. */
export function withoutAdded(
  parameters: readonly Parameter[],
  { add }: Exclude<LinkPayload, 0>,
): readonly Parameter[] {
  if (add === undefined) return parameters;
  const isAdded = (name: string) =>
    add.some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : name === each));
  return parameters.filter(
    ([name, value]) => !(/^[\w-]+$/.test(name) && isAdded(name) && !ENDING.test(value)),
  );
}
