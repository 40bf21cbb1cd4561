import type {} from 'keyturn';
import keyturn, { type WebContext } from 'keyturn/web';
import { createContext, type MiddlewareFunction } from 'react-router';

const kt = keyturn();
await kt.ready(); // refuses to start without a secret in production

export const visitor = createContext<WebContext>();

/** For all loaders and actions. */
export const sessions: MiddlewareFunction<Response> = ({ request, context }, next) =>
  kt.handle(request, (visit) => {
    context.set(visitor, visit);
    return next();
  });

/** What this app keeps. */
declare module 'keyturn' {
  interface SessionData {
    name: string;
    notes: string[];
  }
}
