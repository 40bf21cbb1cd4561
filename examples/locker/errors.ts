// What a visitor sees when something goes wrong: a few friendly words. The cause stays with the operator.
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { prefersJson, sendPage } from './negotiate.js';
import { errorPage } from './pages/error.js';

export interface Explanation {
  readonly title: string;
  readonly advice: string;
  /** Where to go from there; default: the start. */
  readonly way?: { readonly to: string; readonly label: string };
}

/** To be thrown where there is more to say than the status does. */
export class Refusal extends Error {
  readonly statusCode: number;
  readonly explanation: Explanation | undefined;
  readonly headers: Headers;

  constructor(statusCode: number, explanation?: Explanation, headers: Headers = {}) {
    super(explanation?.title);
    this.statusCode = statusCode;
    this.explanation = explanation;
    this.headers = headers;
  }
}

type Headers = Readonly<Record<string, string>>;

const EXPLANATIONS: Readonly<Record<number, Explanation>> = {
  401: {
    title: 'Please sign in',
    advice: 'This is for those who are signed in.',
    way: { to: '/', label: 'Sign in' },
  },
  403: {
    title: 'This request was refused',
    advice: 'The page it came from may have been open for too long. Go back to the start and try again.',
  },
  404: {
    title: 'There is nothing here',
    advice: 'The address may be mistyped, or what it led to is gone.',
  },
  413: { title: 'That is too large', advice: 'Try again with less.' },
  503: {
    title: 'Locker cannot answer right now',
    advice: 'Something it needs is out of reach. That is not your fault. Please try again in a moment.',
  },
};

/** Whoever asks by a program may ask again then, in seconds: errors of Keyturn say so themselves. */
const TRY_AGAIN = '5';

const OUR_FAULT: Explanation = {
  title: 'Something went wrong',
  advice: 'This is our fault, not yours. Please try again in a moment.',
};

const THEIR_FAULT: Explanation = {
  title: 'This request makes no sense to us',
  advice: 'Go back to the start and try again.',
};

export function handleErrors(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) => explain(request, reply, 404));
  app.setErrorHandler<(FastifyError | Refusal) & { readonly headers?: Headers }>((error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status === 503) reply.header('retry-after', TRY_AGAIN);
    reply.headers({ ...error.headers });
    if (status >= 500) report(request, status, error);
    return explain(request, reply, status, error instanceof Refusal ? error.explanation : undefined);
  });
}

function report({ method, routeOptions }: FastifyRequest, status: number, error: Error): void {
  const what = `locker: error: ${method} ${routeOptions.url} failed:`;
  // An engine that is away fails every request: a line each is enough.
  if (status === 503)
    console.error(`${what} ${error.message} (${(error.cause as Error | undefined)?.message})`);
  else console.error(what, error);
}

/** Answers with a page, or with JSON where that is asked for. */
export function explain(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  explanation = EXPLANATIONS[status] ?? (status < 500 ? THEIR_FAULT : OUR_FAULT),
): FastifyReply {
  reply.code(status);
  if (prefersJson(request)) return reply.send({ error: explanation.title });
  return sendPage(reply, errorPage(status, explanation));
}
