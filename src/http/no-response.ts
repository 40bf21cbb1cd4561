import { KeyturnError } from '../errors.js';

/** Of a handler that returns a plain value, as it may where the framework makes the response. */
export function noResponse(): KeyturnError {
  return new KeyturnError(
    'argument_invalid',
    'a handler gave something else than a Response to Keyturn, which adds its cookies to one',
    'return Response.json(value), or new Response(text)',
  );
}
