// What the demo and its replicas tell each other, over the channel that a process has with its child.

/** Where a run keeps what it makes; all of it goes when the run ends. */
export interface Belongings {
  /** A temporary folder: configuration, the document where there is one. */
  readonly folder: string;
  /** Where the keyring is kept in Redis, and under which name; undefined where it is a document. */
  readonly redis: { readonly url: string; readonly ring: string } | undefined;
}

/** The variable that tells a replica of them, as JSON: it must know them even if the demo is gone before it runs. */
export const BELONGINGS = 'DEMO_BELONGINGS';

/** What a replica is told. */
export type Order =
  /** Do nothing at all, as long as this file is there. */
  { readonly order: 'stand-still'; readonly while: string } | { readonly order: 'end' };

/** The keys that a replica has in force, by id. */
export interface KeysInForce {
  readonly signs: string;
  /** All that it verifies with, the one that signs among them. */
  readonly verifies: readonly string[];
}

/** What a replica tells. */
export type Told =
  | { readonly told: 'ready'; readonly port: number; readonly keys: KeysInForce }
  | { readonly told: 'keys'; readonly keys: KeysInForce }
  | { readonly told: 'stands-still' }
  | { readonly told: 'failed'; readonly why: string };
