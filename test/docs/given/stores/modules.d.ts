// Packages that are not installed here, as far as the page uses them.
declare module 'connect-mongo' {
  import type { Store } from 'express-session';

  const MongoStore: { create(options: { mongoUrl: string }): Store };
  export default MongoStore;
}
