// What docs/keyring-document.md shows is what the parser takes.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument, writeDocument } from '../../src/keyring/document.js';
import { KEY_STATES } from '../../src/keyring/key.js';
import { judge } from '../../src/secret/strength.js';
import { FILE, folderWith, kidOf, resolveOn } from '../support/machine.js';

const PAGE = readFileSync(resolve(import.meta.dirname, '../../docs/keyring-document.md'), 'utf8');
const BLOCKS = [...PAGE.matchAll(/^```(?:json|text)\n([\s\S]*?)^```$/gm)].map((found) => found[1] as string);
const [DOCUMENT, LINE, ARRAY] = BLOCKS as [string, string, string];

/** The names in the first column of the table under a heading. */
function fieldsUnder(heading: string): string[] {
  const [, section = ''] = PAGE.split(`\n## ${heading}\n`);
  const [table = ''] = /(\n\|.*)+/.exec(section.split('\n## ')[0] ?? '') ?? [];
  return [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name as string).sort();
}

interface Shown {
  readonly keys: readonly { kid: string; state: string; secret?: string }[];
  readonly history: readonly object[];
}

const shown = JSON.parse(DOCUMENT) as Shown;
const namesIn = (records: readonly object[]) => [...new Set(records.flatMap(Object.keys))].sort();

describe('the example', () => {
  test('is a keyring document, with a key of every state', () => {
    const ring = parseDocument(DOCUMENT, 'the example');
    expect(ring.keys.map((key) => key.state).sort()).toEqual([...KEY_STATES].sort());
    expect(ring.keys.map(({ id, state }) => ({ id, state }))).toEqual(
      shown.keys.map(({ kid, state }) => ({ id: kid, state })),
    );
  });

  test('has kids that belong to its secrets', () => {
    const secrets = shown.keys.filter((key) => key.secret !== undefined);
    expect(secrets).toHaveLength(3);
    for (const { kid, secret } of secrets) expect(kidOf(secret as string)).toBe(kid);
  });

  test('is written again with nothing lost', () => {
    const ring = parseDocument(DOCUMENT, 'the example');
    expect(JSON.parse(writeDocument(ring))).toEqual(shown);
  });

  test('has secrets that production refuses, should somebody copy them', () => {
    for (const { secret } of shown.keys) if (secret !== undefined) expect(judge(secret).enough).toBe(false);
  });

  test('shows every field that the tables name, and no other', () => {
    expect(fieldsUnder('The document')).toEqual(namesIn([shown]));
    expect(fieldsUnder('A key')).toEqual(namesIn(shown.keys));
    expect(fieldsUnder('A line of the history')).toEqual(namesIn(shown.history));
  });

  test.each([
    ['the document', { ...shown, note: '' }],
    ['a key', { ...shown, keys: shown.keys.map((key) => ({ ...key, note: '' })) }],
    ['the history', { ...shown, history: shown.history.map((entry) => ({ ...entry, note: '' })) }],
  ])('with a field that is not known in %s is refused', (_, document) => {
    expect(() => parseDocument(JSON.stringify(document), 'the example')).toThrow(
      expect.objectContaining({ code: 'document_invalid' }),
    );
  });
});

test('a line and an array are read as the page says', async () => {
  const cwd = await folderWith({ line: LINE, array: ARRAY, document: DOCUMENT });
  const read = async (file: string) => {
    const { source, keyring } = await resolveOn({ cwd, env: { KEYTURN_ENV: 'dev', [FILE]: file } });
    return [source?.format, keyring?.keys.map((key) => key.state)];
  };
  expect(await read('line')).toEqual(['secret', ['active']]);
  expect(await read('array')).toEqual(['array', ['active', 'retiring', 'retiring']]);
  expect(await read('document')).toEqual(['document', shown.keys.map((key) => key.state)]);
});
