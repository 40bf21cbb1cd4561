// Types of content, and what a browser may do with them.

const TOKEN = '[a-z0-9][a-z0-9!#$&^_.+-]{0,126}';
const MEDIA_TYPE = new RegExp(`^(${TOKEN}/${TOKEN})((?:\\s*;[^;]*)*)$`, 'i');
const CHARSET = /^\s*charset\s*=\s*"?([a-z0-9][a-z0-9._:-]{0,62})"?\s*$/i;

/** Of a longer one the rest is not looked at. */
const LONGEST_FILE_NAME = 1024;

/** What has no type is a heap of bytes. */
export const OCTETS = 'application/octet-stream';

/** Raster images: nothing in them runs. SVG can hold scripts and is not among them. */
const RASTER: ReadonlySet<string> = new Set([
  'image/apng',
  'image/avif',
  'image/bmp',
  'image/gif',
  'image/heic',
  'image/heif',
  'image/jpeg',
  'image/jxl',
  'image/png',
  'image/vnd.microsoft.icon',
  'image/webp',
  'image/x-icon',
]);

/** A media type in one spelling, with its charset and no other parameter; undefined for anything else. */
export function readType(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > 300) return undefined;
  const match = MEDIA_TYPE.exec(text.trim());
  if (match === null) return undefined;
  const [, essence = '', parameters = ''] = match;
  const charset = parameters
    .split(';')
    .map((parameter) => CHARSET.exec(parameter)?.[1])
    .find((found) => found !== undefined);
  const type = essence.toLowerCase();
  return charset === undefined ? type : `${type}; charset=${charset.toLowerCase()}`;
}

/** A type without its parameters. */
function essenceOf(type: string): string {
  return type.split(';', 1)[0] as string;
}

/** Whether a type is one of a list such as `['application/pdf', 'image/*']`. */
export function isOneOf(type: string, allowed: readonly string[]): boolean {
  const essence = essenceOf(type);
  return allowed.some((pattern) =>
    pattern.endsWith('/*') ? essence.startsWith(pattern.slice(0, -1)) : essence === essenceOf(pattern),
  );
}

/** Whether a sent type is the one that was agreed on: with its charset only where that was agreed on too. */
export function isSameType(sent: string, agreed: string): boolean {
  return agreed.includes(';') ? sent === agreed : essenceOf(sent) === agreed;
}

/** What browsers send forms as. An upload is the file itself: a form around it would be stored with the boundary and all. */
export function isForm(type: string): boolean {
  const essence = essenceOf(type);
  return essence === 'multipart/form-data' || essence === 'application/x-www-form-urlencoded';
}

/** Whether a browser may show it in place. Anything else is saved, and sandboxed should it be shown all the same. */
export function isHarmless(type: string): boolean {
  const essence = essenceOf(type);
  return essence === 'text/plain' || RASTER.has(essence);
}

/** Whether a browser plays it. What is written in XML (`video/x+xml`) is a page to it, whatever else the type says. */
export function isPlayable(type: string): boolean {
  return isOneOf(type, ['audio/*', 'video/*']) && !/\+|xml$/.test(essenceOf(type));
}

/**
 * Whether a browser may show it in place where the link asks for that. Nothing in sound and moving pictures runs; what
 * runs in a PDF stays in the browser's viewer, and the page around it in a sandbox.
 */
export function isShowable(type: string): boolean {
  return isHarmless(type) || isPlayable(type) || isOneOf(type, ['application/pdf']);
}

/**
 * A `Content-Disposition` header (RFC 6266) for any file name: one that all can read, and beside it, where that
 * differs, the exact one (RFC 8187).
 */
export function disposition(kind: 'inline' | 'attachment', fileName: string): string {
  const name = cleanFileName(fileName);
  // A percent sign would be decoded by some browsers.
  const plain = name.replace(/[^ -~]/gu, '_').replace(/["%\\]/g, '_');
  const header = `${kind}; filename="${plain}"`;
  if (plain === name) return header;
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${header}; filename*=UTF-8''${encoded}`;
}

/** No folders, no control characters, nothing that turns the order of letters around, 200 characters at most. */
function cleanFileName(fileName: string): string {
  const cleaned = fileName
    .slice(0, LONGEST_FILE_NAME)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .replace(/[/\\:*?"<>|]/g, '_');
  return withoutEnds([...withoutEnds([...cleaned]).slice(0, 200)]).join('') || 'file';
}

/** Without dots and blanks at both ends. A pattern for the end would try from each of many dots in the middle. */
function withoutEnds(characters: readonly string[]): readonly string[] {
  const isEnd = (character: string | undefined) => character !== undefined && /[\s.]/.test(character);
  let start = 0;
  let end = characters.length;
  while (isEnd(characters[start])) start++;
  while (end > start && isEnd(characters[end - 1])) end--;
  return characters.slice(start, end);
}
