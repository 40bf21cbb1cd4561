// Which key was used when, and what was refused: the evidence that a rotation goes by.

/** What happened with one key for one purpose. Times in milliseconds since 1970; 0 means never. */
export interface Use {
  readonly kid: string;
  readonly purpose: string;
  signed: number;
  signedAt: number;
  verified: number;
  verifiedAt: number;
}

/** How often tokens of one purpose were refused for one reason. */
interface Refused {
  readonly purpose: string;
  readonly reason: string;
  count: number;
}

/** Counters of one process. Held outside the signers, so that they outlive a ring. */
export class Usage {
  readonly #uses = new Map<string, Use>();
  readonly #refusals = new Map<string, Refused>();
  /** Since when it counts, in milliseconds since 1970; undefined where nobody is told. */
  readonly since: number | undefined;
  /** Libraries whose sessions move in: all that is verified for one is an old cookie, whatever has signed it. */
  readonly movedIn: Set<string> = new Set();

  constructor(since?: number) {
    this.since = since;
  }

  /** The counters of one key and purpose: one object, to be counted up in place. */
  of(kid: string, purpose: string): Use {
    const name = `${kid} ${purpose}`;
    let use = this.#uses.get(name);
    if (use === undefined) {
      use = { kid, purpose, signed: 0, signedAt: 0, verified: 0, verifiedAt: 0 };
      this.#uses.set(name, use);
    }
    return use;
  }

  /** @param reason a word of ours: one of a few, and never what somebody sent */
  refused(purpose: string, reason: string): void {
    const name = `${purpose} ${reason}`;
    const entry = this.#refusals.get(name);
    if (entry === undefined) this.#refusals.set(name, { purpose, reason, count: 1 });
    else entry.count++;
  }

  get uses(): readonly Readonly<Use>[] {
    return [...this.#uses.values()];
  }

  get refusals(): readonly Readonly<Refused>[] {
    return [...this.#refusals.values()];
  }
}
