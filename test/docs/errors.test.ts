// docs/errors.md and the union of error codes say the same, and every code is one that something throws.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ErrorCode, KeyturnError } from '../../src/errors.js';
import { ERROR_CODES, THROWN_CODES } from '../support/error-codes.js';

const PAGE = readFileSync(resolve(import.meta.dirname, '../../docs/errors.md'), 'utf8');

/** What the page says of each code. */
const SECTIONS = new Map(
  [...PAGE.matchAll(/^### `(\w+)`\n\n([\s\S]*?)(?=\n#|$(?![\s\S]))/gm)].map(
    (found) => [found[1] as string, found[2] as string] as const,
  ),
);

test('the union was found', () => {
  expect(ERROR_CODES.length).toBeGreaterThan(30);
  expect(new Set(ERROR_CODES).size).toBe(ERROR_CODES.length);
});

test('the page has every code of the union, once, and no other', () => {
  const headings = [...PAGE.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading);
  expect(headings.sort()).toEqual(ERROR_CODES.map((code) => `\`${code}\``).sort());
});

describe.each(ERROR_CODES)('%s', (code) => {
  test('the page says what it means, and its HTTP status', () => {
    const said = SECTIONS.get(code) ?? '';
    expect(said.length).toBeGreaterThan(60);
    const { statusCode } = new KeyturnError(code as ErrorCode, '', '');
    expect(/^HTTP status (\d+)\./.exec(said)?.[1]).toBe(statusCode === 500 ? undefined : `${statusCode}`);
  });

  test('something throws it', () => {
    expect(THROWN_CODES, `nothing in src/ throws ${code}: throw it, or take it out of the union`).toContain(
      code,
    );
  });
});
