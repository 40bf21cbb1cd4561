// As far as the page uses it: a store as express-session has one.
import session, { type Store } from 'express-session';

const MongoStore: { create(options: { mongoUrl: string }): Store } = {
  create: () => new session.MemoryStore(),
};
export default MongoStore;
