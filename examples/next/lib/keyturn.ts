import type {} from 'keyturn';
import keyturn from 'keyturn/web';

export const kt = keyturn();

/** What this app keeps. */
declare module 'keyturn' {
  interface SessionData {
    name: string;
    notes: string[];
  }
}
