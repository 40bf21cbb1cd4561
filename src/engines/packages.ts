// The client packages: optional peers, loaded when an engine is to be opened by its URL.
import { KeyturnError } from '../errors.js';

/** Undefined when it is not installed. */
export async function loadNodeRedis(): Promise<typeof import('redis') | undefined> {
  return await load('redis', () => import('redis'));
}

/** Undefined when it is not installed. */
export async function loadIoredis(): Promise<Pick<typeof import('ioredis'), 'Redis'> | undefined> {
  return await load('ioredis', () => import('ioredis'));
}

/** Undefined when it is not installed. */
export async function loadPg(): Promise<typeof import('pg') | undefined> {
  return await load('pg', () => import('pg'));
}

/** @throws KeyturnError `engine_missing` when it is there and cannot be used */
async function load<T>(name: string, get: () => Promise<T>): Promise<T | undefined> {
  try {
    return await get();
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    // The package itself is not there, and not something that it needs.
    if (code === 'ERR_MODULE_NOT_FOUND' && String(message).includes(`'${name}'`)) return undefined;
    throw new KeyturnError(
      'engine_missing',
      `the package ${name} could not be loaded`,
      `install it anew: npm install ${name}`,
      { cause: error },
    );
  }
}
