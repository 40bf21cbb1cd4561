// The CSRF token in the body of a Fetch request. The body belongs to the app, which may read it once only: here a copy is
// read, of bounded length, and nothing but the token is taken from it.
import { CSRF_FIELD } from './csrf-token.js';
import type { FetchRequest } from './fetch-request.js';

/** Bytes that are read of a body. A form with longer files has its token before them, or in a header field. */
const MOST_BYTES = 1_048_576;

const FORMS = /^\s*(?:application\/json|application\/x-www-form-urlencoded|multipart\/form-data)\s*(?:;|$)/i;

/**
 * The field of the token, as a body parser would have left it.
 *
 * @returns undefined where there is no form, or where somebody has read it already
 */
export async function formIn(request: FetchRequest): Promise<unknown> {
  const type = request.headers.get('content-type') ?? '';
  if (!FORMS.test(type) || request.clone === undefined || request.bodyUsed === true) return undefined;
  const { body } = request.clone();
  if (body === null) return undefined;
  try {
    return await parse(await readStart(body), type);
  } catch {
    // Whatever it is, it is not a form with a token in it.
    return undefined;
  }
}

interface Start {
  readonly bytes: Uint8Array;
  /** Whether that is all of it. */
  readonly whole: boolean;
}

async function readStart(body: NonNullable<Request['body']>): Promise<Start> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length <= MOST_BYTES) {
    const { done, value } = await reader.read();
    if (done) return { bytes: joined(chunks, length), whole: true };
    chunks.push(value);
    length += value.byteLength;
  }
  // Not waited for: a branch of a stream is cancelled when the other one, which is the app's, has been read.
  void reader.cancel().catch(() => {});
  return { bytes: joined(chunks, length), whole: false };
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}

async function parse({ bytes, whole }: Start, type: string): Promise<unknown> {
  if (/json/i.test(type)) return whole ? JSON.parse(new TextDecoder().decode(bytes)) : undefined;
  const parts = whole ? bytes : wholeParts(bytes, type);
  if (parts === undefined) return undefined;
  const form = await new Response(parts, { headers: { 'content-type': type } }).formData();
  const [token, ...more] = form.getAll(CSRF_FIELD);
  return more.length === 0 ? { [CSRF_FIELD]: token } : undefined;
}

/** The parts of a form with files that have been read to their end, as a form of their own. */
function wholeParts(bytes: Uint8Array, type: string): Uint8Array | undefined {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(type) ?? [];
  const delimiter = `\r\n--${quoted ?? plain}`;
  // One character for each byte.
  const text = new TextDecoder('latin1').decode(bytes);
  const end = text.lastIndexOf(delimiter);
  if (end === -1) return undefined;
  const last = end + delimiter.length;
  return joined([bytes.subarray(0, last), new TextEncoder().encode('--\r\n')], last + 4);
}
