// What a visit is made of, for what saves its session before the response.
import type { HttpRequest } from './contract.js';
import type { HttpCore } from './core.js';
import type { VisitCsrf } from './visit-csrf.js';
import type { VisitSession } from './visit-session.js';

/** What saves the session before the response, in adapters that have that: `early-save.ts`. */
export interface EarlySaves {
  /** Settles when nothing is being saved any more; undefined where nothing is. */
  readonly saving: Promise<void> | undefined;
  /** What is to be sent, where saving with the response sends `sent`. */
  toSend(sent: string | undefined): string | undefined;
}

/** What a visit is made of. */
export interface VisitParts {
  readonly core: HttpCore;
  readonly request: HttpRequest;
  readonly own: VisitSession;
  readonly csrf: VisitCsrf;
}
