// The test vectors of Project Wycheproof (github.com/C2SP/wycheproof, Apache License 2.0). They are not part of this
// project: whole files, unchanged, are read from the folder that WYCHEPROOF_VECTORS names. Where it is not set these
// tests are skipped, and test/setup/wycheproof.ts says so. A folder that is named and lacks a file is an error.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';

/** One case, with the properties of its kind of test. */
export type Case<Properties> = Properties & {
  readonly tcId: number;
  readonly comment: string;
  readonly flags: readonly string[];
  readonly result: 'valid' | 'invalid' | 'acceptable';
};

export interface Group<Properties> {
  readonly tests: ReadonlyArray<Case<Properties>>;
}

const folder = process.env.WYCHEPROOF_VECTORS;

/**
 * Describes the cases of one file.
 *
 * @param file as in `testvectors_v1`
 */
export function describeWycheproof<G extends Group<unknown>>(
  what: string,
  file: string,
  define: (groups: readonly G[]) => void,
): void {
  if (folder === undefined) {
    describe.skip(`Wycheproof, ${what}`, () => define([]));
    return;
  }
  const { testGroups } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { testGroups: readonly G[] };
  describe(`Wycheproof, ${what}`, () => define(testGroups));
}
