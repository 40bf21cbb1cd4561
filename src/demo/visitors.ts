// The visitors: each an HTTP client with cookies of its own, who signs in and comes back again and again. Who was signed
// out signs in again.
//
// Signed out is who gets the page of those that are not signed in, with a session that cannot have ended by itself: by the
// cookie's own lifetime it was still good when the answer was there. Every visit extends a session, so that one ends by
// itself only where its visitor was not served for all of its life.
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { SIGN_IN, signedInAs } from './app.js';
import type { Answer, Question } from './ask.js';
import type { Balancer } from './balancer.js';
import { Jar } from './jar.js';
import { type Counted, Tally } from './tally.js';

class Visitor {
  readonly name: string;
  readonly #balancer: Balancer;
  readonly #jar = new Jar();
  isSignedIn = false;

  constructor(name: string, balancer: Balancer) {
    this.name = name;
    this.#balancer = balancer;
  }

  get kid(): string | undefined {
    return this.#jar.kid;
  }

  async visit(tally: Tally): Promise<void> {
    if (this.isSignedIn) await this.#look(tally);
    if (!this.isSignedIn) await this.#signIn(tally);
  }

  async #look(tally: Tally): Promise<void> {
    const answer = await this.#ask({ method: 'GET', path: '/' }, tally);
    if (answer === undefined) return;
    if (this.#knows(answer)) tally.page();
    else if (answer.status >= 500) tally.unserved();
    else {
      this.isSignedIn = false;
      if (this.#jar.sessionIsOver(answer.answeredAt)) tally.expired();
      else tally.signedOut(this.name);
    }
    this.#take(answer);
  }

  async #signIn(tally: Tally): Promise<void> {
    const answer = await this.#ask({ method: 'POST', path: SIGN_IN, form: { name: this.name } }, tally);
    if (answer === undefined) return;
    this.#take(answer);
    this.isSignedIn = this.#knows(answer);
  }

  async #ask(question: Question, tally: Tally): Promise<Answer | undefined> {
    const answer = await this.#balancer.ask({ ...question, cookie: this.#jar.header(performance.now()) });
    if (answer === undefined) tally.unserved();
    return answer;
  }

  #knows({ status, text }: Answer): boolean {
    return status === 200 && text === signedInAs(this.name);
  }

  #take({ setCookies, askedAt }: Answer): void {
    this.#jar.take(setCookies, askedAt);
  }
}

export class Visitors {
  readonly #visitors: readonly Visitor[];
  readonly #pause: number;
  readonly #ended = new AbortController();
  #living: Promise<unknown> = Promise.resolve();
  #tally = new Tally();

  /** @param pause between two visits of one visitor, on average; milliseconds */
  constructor(count: number, pause: number, balancer: Balancer) {
    this.#visitors = Array.from({ length: count }, (_, n) => new Visitor(`visitor ${n + 1}`, balancer));
    this.#pause = pause;
  }

  /** They come one after another within the first pause. */
  come(): void {
    const { signal } = this.#ended;
    setMaxListeners(0, signal);
    this.#living = Promise.all(
      this.#visitors.map(async (visitor, n) => {
        let pause = (n / this.#visitors.length) * this.#pause;
        while (!signal.aborted) {
          await sleep(pause, undefined, { signal }).catch(() => {});
          // What was begun in one run counts there.
          if (!signal.aborted) await visitor.visit(this.#tally);
          pause = this.#pause * (0.5 + Math.random());
        }
      }),
    );
  }

  async leave(): Promise<void> {
    this.#ended.abort();
    await this.#living;
  }

  /** Begins to count anew. @returns what is counted from now on */
  countAnew(): Tally {
    this.#tally = new Tally();
    return this.#tally;
  }

  get counted(): Counted {
    return this.#tally.counted;
  }

  get count(): number {
    return this.#visitors.length;
  }

  get signedIn(): number {
    return this.#visitors.filter(({ isSignedIn }) => isSignedIn).length;
  }

  /** How many hold a session that each key has signed, by its id. */
  get sessionsByKey(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { kid } of this.#visitors) if (kid !== undefined) counts.set(kid, (counts.get(kid) ?? 0) + 1);
    return counts;
  }
}
