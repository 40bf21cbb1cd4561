// docs/configuration.md says what the sources say: generated tables, examples, the signals of the profile.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { DEVELOPMENT_CONTAINERS, PLATFORMS, TEST_RUNNERS } from '../../src/config/platforms.js';
import { RUNNER_PACKAGES } from '../../src/config/runner-packages.js';
import { judge } from '../../src/secret/strength.js';

const ROOT = resolve(import.meta.dirname, '../..');
const PAGE = readFileSync(resolve(ROOT, 'docs/configuration.md'), 'utf8');

test('so many bytes of a secret count', () => {
  const rows = [...PAGE.matchAll(/^\| `([^`]+)` \| (\d+) \|$/gm)];
  expect(rows.length).toBeGreaterThan(5);
  for (const [, secret, bytes] of rows)
    expect({ secret, bytes: judge(secret as string).bytes }).toEqual({ secret, bytes: Number(bytes) });
});

test('every signal that decides the profile is named', () => {
  const names = [
    ...[...TEST_RUNNERS, ...PLATFORMS].map(([variable]) => variable),
    ...DEVELOPMENT_CONTAINERS,
    ...RUNNER_PACKAGES,
    ...['INVOCATION_ID', 'JOURNAL_STREAM', 'NEXT_PHASE', 'KEYTURN_BUILD'],
  ];
  expect(names.length).toBeGreaterThan(30);
  for (const name of names) expect(PAGE).toContain(`\`${name}\``);
});
