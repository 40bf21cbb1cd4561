export interface Address {
  street: string;
  lines: { text: string; more: (number | boolean | null)[] }[];
}

export type UserId = string & { readonly brand: 'UserId' };

export enum Level {
  Low,
  High,
}

export interface Tree {
  name: string;
  children: Tree[];
}

export interface Money {
  amount: number;
  format(): string;
}

declare module 'keyturn' {
  interface SessionData {
    userId: string;
    cart: string[];
    visits: number;
    role: 'editor' | 'reader';
    address: Address;
    pair: [string, number];
    anything: unknown;
    signedInAt: Date;
    order: { id: number; at: Date[] };
    rights: Map<string, number>;
    tags: Set<string>;
    big: bigint;
    callback: () => void;
    bytes: Uint8Array;
    money: Money;
    update: string;
    destroy: string;
    cookie: { theme: string };
    /** What is said of it, an editor shows. */
    owner: UserId;
    level: Level;
    scores: Record<string, number>;
    either: Date | string;
    maybe?: Address | null;
    tree: Tree;
  }
  interface Purposes {
    'password-reset': { userId: number };
    download: { file: string };
    dated: { at: Date };
  }
}
