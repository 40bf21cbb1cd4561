// Reads and changes the ring of a rotation: where the configuration keeps it, or in a document that was handed in.
import { elsewhereBelow } from '../config/places-below.js';
import { KeyturnError } from '../errors.js';
import { parseDocument, writeDocument } from '../keyring/document.js';
import type { Keyring } from '../keyring/keyring.js';
import { FileRingStore } from '../keyring-stores/file.js';
import type { RingPlaces } from '../keyring-stores/places.js';
import type { Resolution } from '../resolve/resolve.js';
import { NO_KEYRING_HINT } from './refusals.js';

export class RingAccess {
  readonly #resolution: Resolution;
  readonly #places: RingPlaces;
  /** The document as the last step left it, where one was handed in. Holds secrets. */
  document: string | undefined;

  /** @param document handed in instead of the source in force */
  constructor(resolution: Resolution, places: RingPlaces, document: string | undefined) {
    this.#resolution = resolution;
    this.#places = places;
    this.document = document;
  }

  /** Where the ring is kept, as an operator calls it; undefined where no step can change it. */
  get place(): string | undefined {
    return this.document === undefined ? this.#places.store?.name : 'the document';
  }

  /** Whether this process may change what is kept there. */
  async writable(): Promise<boolean> {
    const { store } = this.#places;
    return store instanceof FileRingStore ? await store.writable() : true;
  }

  /** The ring as it is published. @throws KeyturnError `keyring_missing`, `secret_missing`, and what is wrong with it */
  async read(): Promise<Keyring> {
    if (this.document !== undefined) return parseDocument(this.document, 'the document');
    const { shared } = this.#places;
    const ring = shared === undefined ? this.#resolution.keyring : await shared.read();
    if (ring !== undefined) return ring;
    const below = await elsewhereBelow(this.#resolution.cwd);
    const what = below === undefined ? 'there is no keyring yet' : `there is no keyring here; ${below.what}`;
    throw new KeyturnError('secret_missing', what, below?.hint ?? NO_KEYRING_HINT);
  }

  /** Replicas may be waiting where no ring is yet. */
  async readOrNone(): Promise<Keyring | undefined> {
    return await this.read().catch((error) => {
      if (error instanceof KeyturnError && ['keyring_missing', 'secret_missing'].includes(error.code))
        return undefined;
      throw error;
    });
  }

  /** @param dryRun nothing is written */
  async change(apply: (ring: Keyring) => Promise<Keyring>, dryRun: boolean): Promise<Keyring> {
    const { store } = this.#places;
    if (!dryRun && store !== undefined) return await store.change(apply);
    const next = await apply(await this.read());
    // What could not be read again is not written: a dry run says so, too.
    const text = writeDocument(next);
    parseDocument(text, `what was to be written to ${this.place}`);
    if (this.document !== undefined && !dryRun) this.document = text;
    return next;
  }
}
