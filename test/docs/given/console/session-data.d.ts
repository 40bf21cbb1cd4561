import 'keyturn';

declare module 'keyturn' {
  interface SessionData {
    admin: boolean;
    user: string;
  }
}
