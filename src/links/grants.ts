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
 * What in the rest of a path leads elsewhere for some server: what is decoded once more, a parameter of a segment or what
 * ends the path once it is decoded, an empty segment. Escapes have capitals by then.
 */
const ODD = /%2F|%5C|%25|%3B|%3F|%23|%[01][0-9A-F]|%7F|;|\/\//;

/** Whether what follows the folder in a path, without the slash between them, lies in the folder for every reader. */
export type IsInside = (rest: string) => boolean;

/** For readers of any kind. */
export const isPlainlyInside: IsInside = (rest) => !ODD.test(`/${rest}`);

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
export function signedPathOf(
  path: string,
  { in: depth }: Exclude<LinkPayload, 0>,
  isInside: IsInside,
): string | undefined {
  if (depth === undefined) return path;
  const pieces = path.split('/');
  if (pieces.length <= depth || !isInside(pieces.slice(depth).join('/'))) return undefined;
  return `${pieces.slice(0, depth).join('/')}/`;
}

/**
 * The parameters that are bound. One in whose value some reader sees another parameter is never merely added; nor is one
 * whose name is a piece of a nested one, `utm_a` beside `utm_a[x]`, since some readers make one value of both.
 */
export function withoutAdded(
  parameters: readonly Parameter[],
  { add }: Exclude<LinkPayload, 0>,
): readonly Parameter[] {
  if (add === undefined) return parameters;
  const isGranted = (name: string) =>
    add.some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : name === each));
  const nested = new Set(parameters.flatMap(([name]) => (isPlain(name) ? [] : name.split(/\.|%5B|%5D/))));
  const isAdded = ([name, value]: Parameter) =>
    isPlain(name) && isGranted(name) && !nested.has(name) && !ENDING.test(value);
  return parameters.filter((parameter) => !isAdded(parameter));
}

function isPlain(name: string): boolean {
  return /^[\w-]+$/.test(name);
}
