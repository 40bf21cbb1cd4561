// Who runs the command, for the history of a keyring.
import { userInfo } from 'node:os';

/** Undefined where the system knows no name, as in some containers. */
export function userName(): string | undefined {
  try {
    return userInfo().username || undefined;
  } catch {
    return undefined;
  }
}
