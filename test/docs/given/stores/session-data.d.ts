// As docs/sessions.md has every app declare it.
import type {} from 'keyturn';

declare module 'keyturn' {
  interface SessionData {
    userId: string;
  }
}
