// How many uploads of one name run at once in this process.
//
// An upload that has not ended lies on the disk in full, and whoever holds one link can open any number of connections
// with it. Two are enough for a client that begins anew before its former connection is known to be dead.
const AT_ONCE = 2;

export class Uploads {
  /** Only names that a good link has named, and only while they are being uploaded. */
  readonly #running = new Map<string, number>();

  /** Runs an upload; undefined where too many of that name run already. */
  async run<T>(name: string, upload: () => Promise<T>): Promise<T | undefined> {
    const running = this.#running.get(name) ?? 0;
    if (running >= AT_ONCE) return undefined;
    this.#running.set(name, running + 1);
    try {
      return await upload();
    } finally {
      const left = (this.#running.get(name) as number) - 1;
      if (left === 0) this.#running.delete(name);
      else this.#running.set(name, left);
    }
  }
}
