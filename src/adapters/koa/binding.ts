// One request and its response: what `ctx.session` and the others stand for, and when the session is saved.
import type { Bound } from '../../http/bound.js';
import type { ResponseHeaders } from '../../http/contract.js';
import type { HttpCore } from '../../http/core.js';
import { isSafeMethod } from '../../http/methods.js';
import { forgetAnswer } from '../../http/node-hold.js';
import { CollectedHeaders } from '../../http/node-response.js';
import { sessionReplaced } from '../../http/session-replaced.js';
import { Visit } from '../../http/visit.js';
import type { Keyturn } from '../../keyturn.js';
import type { Session } from '../../sessions/session.js';
import { andThen } from '../../signing/thenable.js';
import { type KoaContext, KoaHttpRequest } from './context.js';

/** What one middleware works with. */
export interface Opened {
  readonly keyturn: Keyturn;
  readonly core: HttpCore;
}

/** One request and its response. The response is held back for it. */
export class Binding implements Bound {
  readonly opened: Opened;
  /** That of the app around, where it has a Keyturn of its own. */
  readonly outer: Binding | undefined;
  /** As it was when it was bound: what mounts an app inside another cuts it short. */
  readonly url: string | undefined;
  readonly #context: KoaContext;
  #visit: Visit | undefined;
  /** The app has ended the session by null, and sees that. */
  #isGone = false;
  /** What was saved before Koa answers: cookies that are still to be sent. Errors of Koa take header fields away. */
  #cookies: string[] = [];
  #saving: Promise<void> | undefined;
  #isProtected = false;

  constructor(opened: Opened, context: KoaContext, outer: Binding | undefined) {
    this.opened = opened;
    this.outer = outer;
    this.url = context.req.url;
    this.#context = context;
  }

  get visit(): Visit {
    if (this.#visit === undefined) {
      this.#visit = new Visit(this.opened.core, new KoaHttpRequest(this.#context));
      const { res } = this.#context;
      if (res.closed && res.headersSent) this.#visit.end();
    }
    return this.#visit;
  }

  get session(): Session | null {
    return this.#isGone ? null : this.visit.session;
  }

  replace(value: unknown): void {
    const { session } = this.visit;
    if (value === session) return;
    if (value === null || value === undefined) {
      session.destroy();
      this.#isGone = true;
      return;
    }
    if (typeof value !== 'object') throw sessionReplaced('ctx.session', value);
    const values = { ...value };
    if (this.#isGone) session.regenerate();
    this.#isGone = false;
    for (const name of Object.keys(session)) session.delete(name as never);
    Object.assign(session, values);
  }

  /** Whether the request has passed {@link protect}. */
  get isProtected(): boolean {
    return this.#isProtected;
  }

  /** By what the header carries, or the body as it is parsed by now. */
  protect(): void {
    this.#protect();
    this.#isProtected = true;
  }

  #protect(): void {
    const { method, request } = this.#context;
    if (isSafeMethod(method)) return;
    this.visit.protect((request as { body?: unknown }).body);
  }

  /**
   * Saves the session when the app has run, so that its middleware can catch what goes wrong. The answer of the app is not
   * sent then.
   */
  async save(): Promise<void> {
    const { res } = this.#context;
    if (res.headersSent || !this.#hasToSave) return;
    try {
      this.#saving = this.visit.finish(new CollectedHeaders(res, this.#cookies));
      await this.#saving;
    } catch (error) {
      this.#context.body = null;
      this.#context.status = 500;
      forgetAnswer(res);
      throw error;
    } finally {
      this.#saving = undefined;
    }
  }

  get #hasToSave(): boolean {
    return this.#visit !== undefined || this.opened.core.mayNeedVisit(new KoaHttpRequest(this.#context));
  }

  /** For the response, which is held back: undefined where there is nothing to save. */
  get held(): Pick<Visit, 'finish' | 'guard' | 'end'> | undefined {
    return this.#hasToSave ? this : undefined;
  }

  finish(headers: ResponseHeaders): Promise<void> | undefined {
    return andThen(this.#saving, () =>
      andThen(this.visit.finish(headers), () => {
        for (const cookie of this.#cookies.splice(0)) headers.append('set-cookie', cookie);
      }),
    ) as Promise<void> | undefined;
  }

  guard(headers: ResponseHeaders): void {
    this.visit.guard(headers);
  }

  end(): void {
    this.visit.end();
  }
}
