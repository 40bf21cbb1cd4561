// The forms of what many rooms write and read. Each has one home, so that no room takes what another one refuses.

/** The last moment that a `Date` holds, in milliseconds since 1970: what would be later is never. */
export const LAST_MOMENT = 8_640_000_000_000_000;

/** A key id, as part of a regular expression: 8 base64url characters. */
export const KID = '[\\w-]{8}';

/** The name of a purpose or of an app, as part of a regular expression. */
export const NAME = '[a-z][a-z0-9-]{0,31}';

const WHOLE_KID = new RegExp(`^${KID}$`);
const WHOLE_NAME = new RegExp(`^${NAME}$`);

/** Undefined for what is not JSON. The parser's own error is dropped: it quotes the text, which may be secret. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isKid(value: unknown): value is string {
  return typeof value === 'string' && WHOLE_KID.test(value);
}

/** Whether it is the name of a purpose, or of an app: both have one form. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && WHOLE_NAME.test(value);
}

/** What names a process, or the place that it runs in: on a command line, and as a file. */
export const INSTANCE_NAME: RegExp = /^[\w.:-]{1,128}$/;
