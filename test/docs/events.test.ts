// The list of events in docs/troubleshooting.md has every event that is logged.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, read } from './blocks.js';

const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join(ROOT, 'src', file), 'utf8'));

test('every event is in the list, and stands in the sources', () => {
  const logged = new Set(
    sources.flatMap((text) =>
      [...text.matchAll(/event: '([a-z_]+\.[a-z_]+)'/g)].map(([, event]) => event as string),
    ),
  );
  const [, list = ''] = read('docs/troubleshooting.md').split('\n## What the log says\n');
  const rows = list.split('\n').filter((line) => line.startsWith('| `'));
  const told = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
  expect([...logged].filter((event) => !told.includes(event))).toEqual([]);
  expect(told.filter((name) => !sources.some((text) => text.includes(`'${name}'`)))).toEqual([]);
});
