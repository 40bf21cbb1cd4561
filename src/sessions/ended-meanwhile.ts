// The answer to a change of a session that another request has ended.
import { KeyturnError } from '../errors.js';

export function endedMeanwhile(): KeyturnError {
  return new KeyturnError(
    'session_ended',
    'the session was signed out while it was being changed',
    'treat the request as signed out',
  );
}
