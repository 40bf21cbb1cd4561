// What is said where an app puts something in the place of its session, as other libraries want it.
import { KeyturnError } from '../errors.js';

/** @param name how the app reaches its session: `request.session` */
export function sessionReplaced(name: string, value: unknown): KeyturnError {
  const [why, hint] =
    value === null || value === undefined
      ? ['destroy() ends it', `write ${name}.destroy()`]
      : [
          'Object.assign() puts values into it',
          `write Object.assign(${name}, values); to begin a new one ${name}.regenerate() first`,
        ];
  return new KeyturnError('argument_invalid', `${name} cannot be replaced: ${why}`, hint);
}
