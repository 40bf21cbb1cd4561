// A request in which something of Keyturn is used, and Keyturn has not seen it.
import { KeyturnError } from '../errors.js';

export function notPassed(): KeyturnError {
  return new KeyturnError(
    'argument_invalid',
    'the request has not passed through Keyturn',
    'write app.use(keyturn()) before the routes',
  );
}
