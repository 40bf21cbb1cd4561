// The public names of `keyturn/testing`: what helps in the tests of apps, of session stores and of adapters.

export type { BegunSession } from '../sessions/outside.js';
export type { SessionData, SessionName, SessionValues } from '../sessions/session.js';
export { type ManualClock, manualClock } from './clock.js';
export type {
  HttpCapability,
  HttpContractApp,
  HttpContractCase,
  HttpContractContext,
  HttpContractDriver,
  HttpContractKeyturn,
  HttpContractReply,
  HttpContractRoute,
  StartedHttpApp,
} from './http-contract/driver.js';
export { type HttpContractOptions, type HttpContractStore, httpContract } from './http-contract/index.js';
export { type CookieJar, cookieJar, csrfTokenIn } from './pages.js';
export {
  type ContractCase,
  type SessionStoreSubject,
  sessionStoreContract,
} from './session-store-contract.js';
export { type AppWithSessions, signIn } from './sign-in.js';
