// What the rolling proof has seen: by phase, by second, and what must not have happened.

class Phase {
  requests = 0;
  refused = 0;
  unavailable = 0;
  /** How many jars held a session of each key at its end. */
  kids = new Map();

  constructor(name, from) {
    this.name = name;
    this.from = from;
    this.until = from;
  }
}

class Second {
  /** How many sessions each key has verified. */
  kids = new Map();
  refused = 0;
  unavailable = 0;
}

export class Tally {
  #begun = performance.now();
  #say;
  phases = [];
  seconds = [];
  /** Moments to be marked in the chart. */
  steps = [];
  /** Key ids in the order in which they came up. */
  kids = [];
  failures = [];
  writes = 0;
  lost = 0;
  signIns = 0;
  /** Sessions and forms that ended by their own rules. */
  idle = 0;

  /** @param say where what goes wrong is told */
  constructor(say) {
    this.#say = say;
  }

  /** In seconds. */
  get now() {
    return (performance.now() - this.#begun) / 1000;
  }

  get phase() {
    return this.phases.at(-1);
  }

  enter(name) {
    const { now } = this;
    if (this.phase !== undefined) this.phase.until = now;
    this.phases.push(new Phase(name, now));
  }

  end() {
    this.phase.until = this.now;
  }

  step(label) {
    this.steps.push({ at: this.now, label });
  }

  fail(what) {
    this.failures.push(what);
    if (this.failures.length <= 10) this.#say(`✗ ${this.now.toFixed(1)} s ${what}`);
  }

  verified(kid) {
    const { kids } = this.#second;
    kids.set(kid, (kids.get(kid) ?? 0) + 1);
    if (!this.kids.includes(kid)) this.kids.push(kid);
  }

  answered() {
    this.phase.requests++;
  }

  refused() {
    this.phase.refused++;
    this.#second.refused++;
  }

  unavailable() {
    this.phase.unavailable++;
    this.#second.unavailable++;
  }

  sum(field) {
    return this.phases.reduce((all, phase) => all + phase[field], 0);
  }

  get #second() {
    const at = Math.floor(this.now);
    while (this.seconds.length <= at) this.seconds.push(new Second());
    return this.seconds[at];
  }
}
