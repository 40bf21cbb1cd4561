// What stands in front of the replicas, as a balancer does: one after another gets a visit. A replica that cannot be
// reached gets none until it answers again, and the visit goes to the next one.
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { HEALTH } from './app.js';
import { type Answer, ask, type Question } from './ask.js';

/** Where nothing answers for so long a visitor gives up, in milliseconds. */
const GIVE_UP_AFTER = 15_000;
const LOOK_EVERY = 250;
/** While no replica can be asked. */
const BREATH = 20;

interface Target {
  readonly port: number;
  answers: boolean;
}

export class Balancer {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #targets: Target[] = [];
  readonly #patience: number;
  #next = 0;
  #closed = false;

  /** @param patience how long an answer may take, in milliseconds */
  constructor(patience: number) {
    this.#patience = patience;
  }

  add(port: number): void {
    this.#targets.push({ port, answers: true });
  }

  /** Takes it out before it is restarted: what it was asked already it still answers. */
  remove(port: number): void {
    const at = this.#targets.findIndex((target) => target.port === port);
    if (at >= 0) this.#targets.splice(at, 1);
  }

  /** @returns undefined where no replica answers for a long time */
  async ask(question: Question): Promise<Answer | undefined> {
    const since = performance.now();
    while (!this.#closed && performance.now() - since < GIVE_UP_AFTER) {
      const target = this.#turn();
      if (target === undefined) {
        await sleep(BREATH);
        continue;
      }
      try {
        const answer = await ask(this.#agent, target.port, question, this.#patience);
        // It is not ready, and says so.
        if (answer.status !== 503) return answer;
      } catch {
        if (this.#targets.includes(target) && target.answers) void this.#awaitAnswer(target);
      }
    }
    return undefined;
  }

  close(): void {
    this.#closed = true;
    this.#targets.length = 0;
    this.#agent.destroy();
  }

  #turn(): Target | undefined {
    const answering = this.#targets.filter(({ answers }) => answers);
    return answering[this.#next++ % answering.length];
  }

  async #awaitAnswer(target: Target): Promise<void> {
    target.answers = false;
    const look: Question = { method: 'GET', path: HEALTH };
    while (!target.answers && this.#targets.includes(target)) {
      target.answers = await ask(this.#agent, target.port, look, this.#patience).then(
        () => true,
        () => false,
      );
      if (!target.answers) await sleep(LOOK_EVERY);
    }
  }
}
