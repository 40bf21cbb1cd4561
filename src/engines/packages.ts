// The client packages: optional peers, loaded when an engine is to be opened by its URL.
import { KeyturnError } from '../errors.js';
import { loadOptional } from '../process/optional-package.js';

/** A client that was made here, which whoever uses it need not know how to close. */
export interface Opened<Client> {
  readonly client: Client;
  close(): Promise<void>;
}

/**
 * Undefined when it is not installed.
 *
 * @param member what the package has
 * @throws KeyturnError `engine_missing` when it is there and cannot be used
 */
export function loadClient<T extends object>(name: string, member: keyof T & string): T | undefined {
  try {
    return loadOptional<T>(name, member);
  } catch (error) {
    const what = `the package ${name} could not be loaded`;
    throw new KeyturnError('engine_missing', what, `install it anew: npm install ${name}`, { cause: error });
  }
}
