// The fields of a form: as a body parser has left them, or read here where nobody has. Few bytes: a form of the console
// has a token, the id of a key twice, and a line of text.

const MOST_BYTES = 16_384;
const FORM = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;

/** @param body whatever a body parser has made of it; what is no text is left out */
export function parsedForm(body: unknown): URLSearchParams | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const texts = Object.entries(body).filter(
    (field): field is [string, string] => typeof field[1] === 'string',
  );
  return new URLSearchParams(texts);
}

/** @returns undefined where it is not such a form, or too long */
export async function readForm(
  type: string | null | undefined,
  body: AsyncIterable<Uint8Array> | null,
): Promise<URLSearchParams | undefined> {
  if (body === null || !FORM.test(type?.trim() ?? '')) return undefined;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > MOST_BYTES) return undefined;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}
