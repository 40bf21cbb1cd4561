// One request and its response: what `req.session`, `req.flash` and the token stand for.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { format } from 'node:util';
import { rarely } from '#rarely';
import type { Settings } from '../../config/layers.js';
import { BINDING, type Bound } from '../../http/bound.js';
import type { HttpRequest } from '../../http/contract.js';
import type { HttpCore } from '../../http/core.js';
import type { EarlySave } from '../../http/early-save.js';
import { isSafeMethod } from '../../http/methods.js';
import { notPassed } from '../../http/not-passed.js';
import { sessionReplaced } from '../../http/session-replaced.js';
import { Visit } from '../../http/visit.js';
import { internalsOf, type Keyturn } from '../../keyturn.js';
import type { Session } from '../../sessions/session.js';
import { ExpressHttpRequest, type ExpressRequest } from './request.js';
import { expressSession, type SessionHost } from './session.js';
import type { ExpressSession } from './types.js';

/** What one middleware works with. */
export interface Opened {
  readonly keyturn: Keyturn;
  readonly core: HttpCore;
}

/** A request that has passed through the middleware. */
export type BoundRequest = ExpressRequest & { [BINDING]?: Binding };

/** One request and its response. */
export class Binding implements SessionHost, Bound {
  readonly opened: Opened;
  /** That of the app around, where it has a Keyturn of its own. */
  readonly outer: Binding | undefined;
  /** What stands for the router that had the request when it was bound. */
  readonly router: unknown;
  readonly #request: ExpressRequest;
  readonly #response: ServerResponse;
  /** The request as Keyturn asks it. */
  readonly #asked: HttpRequest;
  #visit: Visit | undefined;
  #early: EarlySave | undefined;
  #session: ExpressSession | null | undefined;
  /** The app has ended the session, and sees none: as undefined, or as the null that it has set. */
  #isGone = false;
  #isRegenerated = false;
  #showsToken = false;
  #isProtected = false;

  constructor(opened: Opened, request: BoundRequest, response: ServerResponse) {
    this.opened = opened;
    this.outer = request[BINDING];
    this.router = request.next;
    this.#request = request;
    this.#response = response;
    this.#asked = new ExpressHttpRequest(request);
  }

  /** What to wait for before the app runs. */
  before(): Promise<unknown> | undefined {
    return this.opened.core.mayWait(this.#asked) ? this.visit.before() : undefined;
  }

  get visit(): Visit {
    if (this.#visit === undefined) {
      this.#visit = new Visit(this.opened.core, this.#asked);
      if (this.#response.closed && this.#response.headersSent) this.#visit.end();
    }
    return this.#visit;
  }

  get early(): EarlySave {
    // Most requests do without.
    this.#early ??= new (rarely().earlySave.EarlySave)(this.visit);
    return this.#early;
  }

  /** The visit that is to be finished before the header goes out; undefined where there is nothing to do. */
  get visitToSave(): Visit | undefined {
    if (this.#visit === undefined && !this.opened.core.mayNeedVisit(this.#asked)) return undefined;
    if (this.#isOnlyEmptied) this.current.destroy();
    this.#isRegenerated = false;
    return this.visit;
  }

  /** What was only emptied, as passport does on signing out, is a session that nobody needs. */
  get #isOnlyEmptied(): boolean {
    const emptied = this.#isRegenerated && !this.#showsToken && !this.#response.headersSent;
    return emptied && Object.keys(this.current).length === 0;
  }

  get current(): Session {
    return this.visit.session;
  }

  get clock(): () => number {
    return this.opened.core.clock;
  }

  get settings(): Settings {
    return internalsOf(this.opened.keyturn).settings;
  }

  get secure(): boolean {
    return this.opened.core.cookies.session.secure;
  }

  get lifetime(): number {
    const { state } = this.early;
    const { times, remembered } = state;
    if (remembered === undefined || !times.isRemembered(state)) return times.idle;
    return times.expiry(state) - remembered.at;
  }

  get session(): ExpressSession | null | undefined {
    if (!this.#isGone) this.#session ??= expressSession(this);
    return this.#session;
  }

  replace(value: unknown): void {
    if (value === this.#session) return;
    if (value === null || value === undefined) {
      this.current.destroy();
      this.#isGone = true;
      this.#session = value;
      return;
    }
    if (typeof value !== 'object') throw sessionReplaced('req.session', value);
    const values = { ...value };
    const { current } = this;
    if (this.#isGone) {
      this.requireSettled();
      current.regenerate();
    }
    this.replaced('another');
    for (const name of Object.keys(current)) current.delete(name as never);
    Object.assign(current, values);
  }

  replaced(by: 'another' | 'itself' | undefined): void {
    this.#isGone = by === undefined;
    this.#isRegenerated = by === 'another';
    this.#session = undefined;
  }

  requireSettled(): void {
    this.early.requireSettled();
  }

  /** One that was only emptied ends with the response. */
  async save(): Promise<void> {
    if (!this.#isOnlyEmptied) await this.early.save();
  }

  reload(): Promise<boolean> {
    return this.early.reload();
  }

  csrfToken(): string {
    this.#showsToken = true;
    return this.visit.csrfToken();
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
    if (isSafeMethod(this.#request.method)) return;
    this.visit.protect(this.#request.body);
  }

  /** As connect-flash: how many there are of a type, those of a type, or all. */
  flash(type?: string, message?: unknown, ...more: readonly unknown[]): unknown {
    const { flash } = this.visit;
    if (!type) return flash();
    if (!message) return flash(type);
    const waiting = flash(type);
    // To a HEAD request messages are shown without being taken.
    const taken = this.#request.method === 'HEAD' ? [] : waiting;
    const left = more.length > 0 ? [format(message, ...more)] : [message].flat();
    for (const text of [...taken, ...left]) flash(type, text as string);
    return waiting.length + left.length;
  }
}

export function bindingOf(request: IncomingMessage): Binding {
  const binding = (request as BoundRequest)[BINDING];
  if (binding !== undefined) return binding;
  throw notPassed();
}
