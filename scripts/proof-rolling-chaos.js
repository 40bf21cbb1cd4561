// What is done to the replicas: killed, restarted, stopped, and cut off from Redis, one or two at a time, while
// another is left in peace. And once all of them lose Redis together.
import { sleep } from './proof-tools.js';

/** In leases: what was hit must call itself ready again so soon after it was let go. */
const RECOVERY = 5;

export const WITHOUT_REDIS = 'killed, and started without Redis';

/** Everything that is done to a replica. `lasts`: how long, see {@link Chaos.#lasting}. */
const KINDS = [
  { what: 'killed' },
  { what: 'killed' },
  { what: 'restarted' },
  { what: 'restarted' },
  { what: WITHOUT_REDIS, lasts: 'short' },
  ...['stopped', 'cut off', 'frozen line'].flatMap((what) =>
    ['short', 'lag', 'lag', 'lease'].map((lasts) => ({ what, lasts })),
  ),
];

export class Chaos {
  #replicas;
  #chance;
  #times;
  #tally;
  #deck = [];
  #struck = new Map();
  #held = false;
  #ended = false;

  /** @param times `maxLag` and `lease` in seconds */
  constructor(replicas, { chance, times, tally }) {
    this.#replicas = replicas;
    this.#chance = chance;
    this.#times = times;
    this.#tally = tally;
  }

  /** Goes on until {@link end}. @param pause milliseconds on average from one strike to the next */
  async live(pause) {
    while (!this.#ended) {
      await sleep((0.3 + 1.4 * this.#chance()) * pause);
      this.strike();
    }
  }

  /** Strikes one replica, unless that would leave none in peace. Does not wait until it is over. */
  strike() {
    if (this.#held || this.#ended) return;
    const free = this.#replicas.filter((replica) => !this.#struck.has(replica) && replica.ready);
    if (free.length < 2) return;
    const replica = free[Math.floor(this.#chance() * free.length)];
    const { what, lasts } = this.#draw();
    const over = this.#hit(replica, what, this.#lasting(lasts)).catch((error) => {
      this.#tally.fail(`${replica.name}, ${what}: ${error.message}`);
    });
    this.#struck.set(
      replica,
      over.then(() => this.#struck.delete(replica)),
    );
  }

  /** All replicas lose Redis at once. */
  async outage(seconds) {
    this.#held = true;
    await this.#calm();
    this.#tally.step('Redis away');
    const ends = this.#replicas.map((replica) => this.#mark(replica, 'cut off'));
    for (const { line } of this.#replicas) line.cut();
    await sleep(seconds * 1000);
    for (const { line } of this.#replicas) line.mend();
    for (const end of ends) end();
    for (const replica of this.#replicas) await this.#recovered(replica);
    this.#held = false;
  }

  /** Lets everything recover. */
  async end() {
    this.#ended = true;
    await this.#calm();
    for (const replica of this.#replicas) await this.#recovered(replica);
  }

  async #calm() {
    while (this.#struck.size > 0) await Promise.all(this.#struck.values());
  }

  /** Kinds come in any order, and each before one comes again. */
  #draw() {
    if (this.#deck.length === 0) this.#deck = [...KINDS];
    return this.#deck.splice(Math.floor(this.#chance() * this.#deck.length), 1)[0];
  }

  /** In milliseconds: within max_lag, longer than that, or longer than the lease. */
  #lasting(lasts) {
    const { maxLag, lease } = this.#times;
    const [least, most] =
      lasts === 'short'
        ? [0.1, 0.9 * maxLag]
        : lasts === 'lag'
          ? [1.1 * maxLag, 0.9 * lease]
          : [1.05 * lease, 1.4 * lease];
    return (least + (most - least) * this.#chance()) * 1000;
  }

  async #hit(replica, what, lasts) {
    const { line } = replica;
    const over = this.#mark(replica, what);
    if (what === 'killed' || what === 'restarted') {
      await replica.stop(what === 'killed' ? 'SIGKILL' : 'SIGTERM');
      await sleep(500 * this.#chance());
      await replica.start();
    } else if (what === 'stopped') {
      replica.signal('SIGSTOP');
      await sleep(lasts);
      replica.signal('SIGCONT');
    } else if (what === 'cut off') {
      line.cut();
      await sleep(lasts);
      line.mend();
    } else if (what === 'frozen line') {
      line.freeze();
      await sleep(lasts);
      line.mend();
    } else {
      line.cut();
      await replica.stop('SIGKILL');
      await replica.start();
      await sleep(lasts);
      line.mend();
    }
    over();
    await this.#recovered(replica);
  }

  /** Notes what is done to a replica. @returns a function that notes the end of it */
  #mark(replica, what) {
    const event = { what, from: this.#tally.now, until: undefined };
    replica.events.push(event);
    return () => {
      event.until = this.#tally.now;
    };
  }

  async #recovered(replica) {
    const deadline = performance.now() + RECOVERY * this.#times.lease * 1000;
    // What the balancer saw last may be from before.
    await sleep(500);
    while (!replica.ready) {
      if (performance.now() > deadline) throw new Error('not ready again in time');
      await sleep(50);
    }
  }
}
