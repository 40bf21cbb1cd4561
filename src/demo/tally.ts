// What happened to the visitors during one run.

/** The same, to be shown. */
export interface Counted {
  /** How many of the visitors were signed out at least once. */
  readonly signedOut: number;
  /** How often anybody was. */
  readonly times: number;
  /** How often a session had ended by itself, because its visitor could not be served in time. */
  readonly expired: number;
  /** Pages that visitors got while they were signed in. */
  readonly pages: number;
  /** How often a visitor got no page: no replica answered for a long time, or something went wrong in one. */
  readonly unserved: number;
}

export class Tally {
  readonly #signedOut = new Set<string>();
  #times = 0;
  #expired = 0;
  #pages = 0;
  #unserved = 0;

  page(): void {
    this.#pages++;
  }

  signedOut(visitor: string): void {
    this.#signedOut.add(visitor);
    this.#times++;
  }

  expired(): void {
    this.#expired++;
  }

  unserved(): void {
    this.#unserved++;
  }

  get counted(): Counted {
    return {
      signedOut: this.#signedOut.size,
      times: this.#times,
      expired: this.#expired,
      pages: this.#pages,
      unserved: this.#unserved,
    };
  }
}
