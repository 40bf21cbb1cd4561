// For Express 4 and 5.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BINDING, type Bound } from '../../http/bound.js';
import { notPassed } from '../../http/not-passed.js';
import { pathOf } from '../../http/path.js';
import { type ConsoleOptions, Mount } from './mount.js';
import { nodeParts, send } from './node.js';

declare global {
  namespace Express {
    // What a request has the packages in use say: keyturn/express, and the types of Express.
    interface Request {}
  }
}

/** A request, as Express and the middleware before the console have made it. */
export type ConsoleExpressRequest = IncomingMessage & Express.Request;

/** A middleware for any version of Express. */
export type ExpressConsole = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** What has passed through `keyturn()`. */
type PassedRequest = ConsoleExpressRequest & {
  readonly [BINDING]?: Bound;
  readonly originalUrl?: string;
  readonly body?: unknown;
  csrfToken(): string;
  checkCsrf(token: unknown): void;
};

/**
 * The console for Express, behind `keyturn()`. To whoever may not see it the app answers as to any other address that is
 * nothing.
 *
 * @throws KeyturnError `argument_invalid` without a guard
 * @example
 * app.use(express.urlencoded({ extended: false }));
 * app.use(keyturn());
 * app.use('/keyturn', expressConsole({ guard: (req) => req.session.admin && { who: req.session.user } }));
 */
export function expressConsole(options: ConsoleOptions<[request: ConsoleExpressRequest]>): ExpressConsole {
  const example = '(req) => req.session.admin && { who: req.session.user }';
  const mount = new Mount({ call: 'expressConsole(options)', example, base: '' }, options);
  return (request, response, next) => {
    const passed = request as PassedRequest;
    const keyturn = passed[BINDING]?.opened.keyturn;
    if (keyturn === undefined) return next(notPassed());
    const answered = mount.answer(pathOf(request.url), {
      keyturn,
      given: [passed],
      ...nodeParts(request, response, passed.body),
      originalUrl: passed.originalUrl ?? request.url ?? '/',
      csrfToken: () => passed.csrfToken(),
      checkCsrf: (token) => passed.checkCsrf(token),
    });
    answered.then((answer) => (answer === undefined ? next() : send(answer, request, response))).catch(next);
  };
}
