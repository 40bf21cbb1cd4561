// The error codes as the sources have them: the union, and those that something really throws.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const SRC = resolve(import.meta.dirname, '../../src');

const read = (file: string) => readFileSync(join(SRC, file), 'utf8');

/** The members of the union `ErrorCode`. */
export const ERROR_CODES: readonly string[] = [
  ...(/export type ErrorCode =([^;]*);/.exec(read('errors.ts'))?.[1] ?? '').matchAll(/'(\w+)'/g),
].map((found) => found[1] as string);

/** The codes that stand as the first argument of a `new KeyturnError(…)` somewhere. */
export const THROWN_CODES: readonly string[] = [
  ...new Set(
    readdirSync(SRC, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && file !== 'errors.ts')
      .flatMap((file) => [...read(file).matchAll(/new KeyturnError\(([^,]*),/g)])
      .flatMap((found) => [...(found[1] as string).matchAll(/'(\w+)'/g)])
      .map((found) => found[1] as string)
      // A condition that chooses between two codes has other words in it.
      .filter((word) => ERROR_CODES.includes(word)),
  ),
].sort();
