// The public names of `keyturn/testing`: what helps in the tests of apps and of session stores.
export { type ManualClock, manualClock } from './clock.js';
export {
  type ContractCase,
  type SessionStoreSubject,
  sessionStoreContract,
} from './session-store-contract.js';
