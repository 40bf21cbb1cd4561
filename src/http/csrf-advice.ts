// Why a request was refused, in words for whoever reads the log: what is really the matter, and what to do about it.
import type { IncomingMessage } from 'node:http';
import type { HttpRequest } from './contract.js';
import type { CsrfReason } from './csrf.js';
import { CSRF_FIELD, CSRF_HEADER } from './csrf-token.js';

const ADVICE: Readonly<Record<CsrfReason, string>> = {
  cross_site: 'a page of another site sent a request; if it may, list its origin under [csrf] origins',
  foreign_origin:
    'a request came from another origin than this host; behind a proxy, pass the Host header on or list the origin under [csrf] origins',
  no_provenance:
    'a request said nothing of where it comes from, which csrf.mode "headers" asks for; a program can send Sec-Fetch-Site: none',
  no_token: `a request came without a CSRF token: put one into the form as ${CSRF_FIELD}, or send it as ${CSRF_HEADER}`,
  no_cookie:
    'a request came with a CSRF token, and without a cookie that it could be bound to: there is none, or its session has ended since the page was made',
  key_revoked:
    'a request came with a CSRF token of a key that was revoked: its page is from before that, and works when it is loaded again',
  token_expired:
    'a request came with a CSRF token that has expired: its page was open for longer than [purposes.csrf] allows',
  token_refused:
    'a request came with a CSRF token that is altered, or of another session: somebody has signed in or out since its page was made',
};

const OPAQUE =
  'a request came with Origin: null: its page was sent with Referrer-Policy: no-referrer, or stands in a sandbox; send same-origin or strict-origin with pages that hold forms';

const MULTIPART = `a form with files came without a CSRF token in the fields that were read: what reads it has to run before the check (with Fastify register @fastify/multipart before Keyturn, with attachFieldsToBody; with Express put multer before keyturn.csrf()), or the page sends its token as ${CSRF_HEADER}`;

/** What puts it right, in the words of the framework, where a form on Node comes before what reads it. */
const READ_FIRST = {
  express:
    'app.use(express.urlencoded({ extended: false })) before app.use(keyturn()); where a route reads its form itself, as with multer, write keyturn({ csrf: "manual" }), and keyturn.csrf() after what reads it',
  koa: 'app.use(bodyParser()) before app.use(keyturn()); where a route reads its form itself, as with multer, write keyturn({ csrf: "manual" }), and csrf() of keyturn/koa after what reads it',
};

/** A request of a framework that leaves it to the app to read forms. */
export interface FormRequest extends HttpRequest {
  readonly form: { readonly request: IncomingMessage; readonly framework: keyof typeof READ_FIRST };
}

/** What puts it right that nobody has read the form yet; undefined where that is not the matter. */
export function unreadHint(request: HttpRequest): string | undefined {
  const { form } = request as Partial<FormRequest>;
  return form !== undefined && isUnread(form.request) ? READ_FIRST[form.framework] : undefined;
}

/** A parser leaves a body alone that is empty. */
function isUnread({ headers, httpVersionMajor, readableDidRead }: IncomingMessage): boolean {
  const type = headers['content-type'] ?? '';
  if (readableDidRead || !/^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type))
    return false;
  const length = headers['content-length'];
  return length === undefined
    ? headers['transfer-encoding'] !== undefined || httpVersionMajor > 1
    : Number(length) > 0;
}

export function csrfAdvice(reason: CsrfReason, request: HttpRequest): string {
  if (reason === 'foreign_origin' && request.header('origin') === 'null') return OPAQUE;
  if (reason === 'no_token' && /^multipart\/form-data\b/i.test(request.header('content-type') ?? ''))
    return MULTIPART;
  return ADVICE[reason];
}
