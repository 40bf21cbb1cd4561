// The client packages: optional peers, loaded when an engine is to be opened by its URL.
import { KeyturnError } from '../errors.js';
import { loadOptional } from '../process/optional-package.js';

/** Undefined when it is not installed. */
export function loadNodeRedis(): typeof import('redis') | undefined {
  return load('redis', 'createClient');
}

/** Undefined when it is not installed. */
export function loadIoredis(): Pick<typeof import('ioredis'), 'Redis'> | undefined {
  return load('ioredis', 'Redis');
}

/** Undefined when it is not installed. */
export function loadPg(): Pick<typeof import('pg'), 'Pool'> | undefined {
  return load('pg', 'Pool');
}

/** @throws KeyturnError `engine_missing` when it is there and cannot be used */
function load<T extends object>(name: string, member: keyof T & string): T | undefined {
  try {
    return loadOptional<T>(name, member);
  } catch (error) {
    throw new KeyturnError(
      'engine_missing',
      `the package ${name} could not be loaded`,
      `install it anew: npm install ${name}`,
      { cause: error },
    );
  }
}
