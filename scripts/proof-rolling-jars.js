// The visitors: each a cookie jar that signed in through the form, looks around, and leaves numbered visits in its
// session, every one of which must be there at the end if it was acknowledged.
import { sleep } from './proof-tools.js';

const SESSION = '__Host-keyturn.sid';

/** A browser as far as it matters here: cookies with a lifetime, and the CSRF token of its page. */
export class Jar {
  #name;
  #parts;
  #cookies = new Map();
  #csrf;
  #visit = 0;
  /** How often each visit of this session was tried, and which were acknowledged. */
  #tried = new Map();
  #acknowledged = [];

  /** @param parts `balancer`, `tally`, `chance`, `password`, and `lifetime` in seconds */
  constructor(name, parts) {
    this.#name = name;
    this.#parts = parts;
  }

  /** The tokens that it holds. */
  get tokens() {
    return [...this.#cookies.values()].filter(isAlive).map(({ value }) => value);
  }

  get session() {
    const cookie = this.#cookies.get(SESSION);
    return cookie !== undefined && isAlive(cookie) ? cookie.value : undefined;
  }

  /** The id of the key that signed its session. */
  get kid() {
    return this.session?.slice(4, 12);
  }

  /** @param pause milliseconds on average between what it does */
  async live(pause, ended) {
    while (!ended()) {
      await sleep((0.5 + this.#parts.chance()) * pause);
      if (!ended()) await this.#act();
    }
  }

  /** Like a visitor: mostly looks, leaves something now and then, at times twice at once, signs out and in again. */
  async #act() {
    const dice = this.#parts.chance();
    if (dice < 0.65) return await this.look('/me');
    if (dice < 0.7) return await Promise.all([this.look('/me'), this.look('/me')]);
    if (dice < 0.75) return await this.look('/');
    // Not one that may end while the visitor waits for an answer.
    const enough = this.#parts.lifetime * 750;
    if (this.#csrf === undefined || performance.now() > this.#csrf.endsAt - enough) await this.look('/');
    if (this.#csrf === undefined) return;
    if (dice < 0.92) return await this.#leaveVisit();
    if (dice < 0.99) return await Promise.all([this.#leaveVisit(), this.#leaveVisit()]);
    await this.#signOut();
    await this.signIn();
  }

  /** Opens the page, and signs in with the token that it holds. */
  async signIn() {
    await this.#open();
    this.#tried.clear();
    this.#acknowledged = [];
    for (;;) {
      const { password, tally } = this.#parts;
      const json = { username: this.#name, password };
      const answer = await this.#send('/login', json);
      const { user, csrfToken } = answer.body;
      if (user === this.#name) {
        tally.signIns++;
        this.#remember(csrfToken);
        return;
      }
      this.#refused('POST /login', answer);
      await this.#open();
    }
  }

  /** The page of somebody who is not signed in. */
  async #open() {
    this.#cookies.delete(SESSION);
    const { csrfToken } = (await this.#ask({ path: '/' })).body;
    this.#remember(csrfToken);
  }

  async #signOut() {
    const answer = await this.#send('/logout', {});
    const { user } = answer.body;
    // Tried again after it was done, it comes without a session that its token could belong to.
    const done = user === null || (answer.again && answer.status === 403);
    if (!done) this.#refused('POST /logout', answer);
  }

  async look(path) {
    const answer = await this.#ask({ path });
    const { body } = answer;
    if (body.csrfToken !== undefined) this.#remember(body.csrfToken);
    if (body.user === this.#name) return body;
    this.#refused(`GET ${path}`, answer);
    await this.signIn();
    return undefined;
  }

  async #leaveVisit() {
    const visit = ++this.#visit;
    this.#tried.set(visit, 1);
    const answer = await this.#send('/proof/visit', { visit });
    if (answer.again) this.#tried.set(visit, Number.POSITIVE_INFINITY);
    if (answer.body.user === this.#name) {
      this.#acknowledged.push(visit);
      this.#parts.tally.writes++;
      return;
    }
    this.#refused('POST /proof/visit', answer);
    this.#csrf = undefined;
  }

  /** Reads what is in the session, and compares it with what was acknowledged. */
  async check() {
    const acknowledged = [...this.#acknowledged];
    const body = await this.look('/proof/visits');
    if (body === undefined) return;
    const { tally } = this.#parts;
    const kept = new Map();
    for (const visit of body.visits) kept.set(visit, (kept.get(visit) ?? 0) + 1);
    for (const visit of acknowledged.filter((one) => !kept.has(one))) {
      tally.lost++;
      tally.fail(`${this.#name}: visit ${visit} was acknowledged, and is not in the session`);
    }
    for (const [visit, times] of kept) {
      if (times > (this.#tried.get(visit) ?? 0))
        tally.fail(`${this.#name}: visit ${visit} is in the session ${times} times`);
    }
  }

  async #send(path, json) {
    return await this.#ask({
      method: 'POST',
      path,
      headers: { 'x-csrf-token': this.#csrf?.token ?? '' },
      json,
    });
  }

  async #ask(what) {
    const carried = [...this.#cookies].filter(([, cookie]) => isAlive(cookie));
    const ended = carried.length < this.#cookies.size;
    const cookie = carried.map(([name, { value }]) => `${name}=${value}`).join('; ');
    const kid = this.kid;
    const answer = await this.#parts.balancer.ask({ ...what, headers: { ...what.headers, cookie } });
    if (kid !== undefined && answer.body.user === this.#name) this.#parts.tally.verified(kid);
    for (const header of answer.setCookies) this.#keep(header);
    // By its own rules: the browser dropped a cookie, or the replica says that what came has expired.
    return { ...answer, ended: ended || answer.reasons.includes('expired') };
  }

  #keep(header) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(header);
    const maxAge = /; Max-Age=(\d+)/.exec(header)?.[1];
    const endsAt =
      maxAge === undefined ? Number.POSITIVE_INFINITY : performance.now() + Number(maxAge) * 1000;
    if (maxAge === '0') this.#cookies.delete(name);
    else this.#cookies.set(name, { value, endsAt });
  }

  #remember(token) {
    const endsAt = performance.now() + this.#parts.lifetime * 1000;
    this.#csrf = token === undefined ? undefined : { token, endsAt };
  }

  /** It was asked while it called itself ready, and did not know somebody who is signed in. */
  #refused(what, { replica, status, reasons, ended }) {
    const { tally } = this.#parts;
    if (ended) {
      tally.idle++;
      return;
    }
    replica.refused++;
    tally.refused();
    const token = this.kid === undefined ? '' : ` with a session of ${this.kid}`;
    const why = reasons.join(' ') === '' ? '' : ` (${reasons.join(', ')})`;
    tally.fail(
      `${tally.phase.name}: ${replica.name} refused ${this.#name}: ${what}${token} gave ${status}${why}`,
    );
  }
}

function isAlive({ endsAt }) {
  return performance.now() < endsAt;
}
