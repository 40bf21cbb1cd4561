// The visit of one request, kept on its context.
import type { Context } from 'hono';
import { BINDING, type Bound } from '../../http/bound.js';
import type { HttpCore } from '../../http/core.js';
import { fetchVisit, finishResponse, protect } from '../../http/fetch.js';
import type { Flash } from '../../http/flash.js';
import type { Visit } from '../../http/visit.js';
import type { Keyturn } from '../../keyturn.js';
import type { Session } from '../../sessions/session.js';
import type { KeyturnEnv } from './env.js';
import { asked, forHono } from './refusal.js';

export type Visited = Context<KeyturnEnv> & { [BINDING]?: HonoVisit };

/** What one middleware works with. */
export interface Opened {
  readonly keyturn: Keyturn;
  readonly core: HttpCore;
}

/** The visit of a request, made when somebody asks for it. */
export class HonoVisit implements Bound {
  readonly opened: Opened;
  /** The request has passed {@link protect}. */
  isProtected = false;
  /** That of the app around, where it has a Keyturn of its own. */
  readonly #outer: HonoVisit | undefined;
  readonly #context: Context<KeyturnEnv>;
  #visit: Visit | undefined;

  constructor(opened: Opened, context: Context<KeyturnEnv>, outer: HonoVisit | undefined) {
    this.opened = opened;
    this.#outer = outer;
    this.#context = context;
  }

  /** The visit to a Keyturn: of this app, or of one around it. */
  boundTo(keyturn: Keyturn): HonoVisit | undefined {
    return this.opened.keyturn === keyturn ? this : this.#outer?.boundTo(keyturn);
  }

  get made(): boolean {
    return this.#visit !== undefined;
  }

  get visit(): Visit {
    this.#visit ??= fetchVisit(this.opened.core, this.#context.req.raw);
    return this.#visit;
  }

  get session(): Session {
    return this.visit.session;
  }

  get flash(): Flash {
    return this.visit.flash;
  }

  readonly csrfToken = (): string => this.visit.csrfToken();

  readonly checkCsrf = (token: unknown): void => {
    try {
      this.visit.checkCsrf(token);
    } catch (error) {
      throw forHono(error);
    }
  };

  async protect(): Promise<void> {
    const { raw } = this.#context.req;
    await asked(async () => {
      // Read already: then Hono has kept what it was.
      const read = raw.bodyUsed && this.visit.wantsForm ? await this.#context.req.parseBody() : undefined;
      await (read === undefined ? protect(this.visit, raw) : this.visit.protect(read));
    });
    this.isProtected = true;
  }

  /** @returns undefined where there was nothing to wait for */
  finish(): Promise<void> | undefined {
    const given = this.#context.res;
    try {
      const finished = finishResponse(this.visit, given);
      if (finished instanceof Promise)
        return finished.then(
          (response) => this.#answer(given, response),
          (error: unknown) => this.#fail(given, error),
        );
      this.#answer(given, finished);
      return undefined;
    } catch (error) {
      return this.#fail(given, error);
    }
  }

  async #fail(given: Response, error: unknown): Promise<never> {
    // Hono adds the header of this one to that of the answer which tells of the error.
    this.#answer(given, await finishResponse(this.visit, new Response(null)));
    throw forHono(error);
  }

  #answer(given: Response, response: Response): void {
    if (response === given) return;
    // Hono would else put the fields of the former response above those of this one.
    this.#context.res = undefined;
    this.#context.res = response;
  }
}
