// Every block of the pages says what it is, so that no code goes unchecked as mere text.
import { expect, test } from 'vitest';
import { type Block, blocksOf, PAGES } from './blocks.js';

/** And what looks at it. */
const LANGUAGES: Readonly<Record<string, string>> = {
  ts: 'snippets.package.test.ts',
  tsx: 'snippets.package.test.ts',
  sh: 'commands.test.ts',
  toml: 'settings.test.ts',
  json: 'settings.test.ts',
  astro: 'nothing',
  dockerfile: 'nothing',
  nginx: 'nothing',
  svelte: 'nothing',
  vue: 'nothing',
  // What a program prints, and formats that are no code.
  text: 'nothing',
};

const blocks = PAGES.flatMap((page) => blocksOf(page));
const place = ({ page, line, language }: Block) => `${page}:${line} ${language}`;

test('each has a language that something looks at', () => {
  expect(blocks.filter(({ language }) => !Object.hasOwn(LANGUAGES, language)).map(place)).toEqual([]);
});

test('none is excused from being compiled', () => {
  expect(blocks.filter(({ excused }) => excused !== undefined).map(place)).toEqual([]);
});

test('a block is read with its place, its language and the reason why it is not compiled', () => {
  const page = [
    '# A',
    '',
    '<!-- not compiled: a reason -->',
    '```ts',
    'a();',
    '',
    'b();',
    '```',
    '',
    '- c',
    '',
    '  ```sh',
    '  d',
    '  ```',
  ];
  expect(blocksOf('a.md', page.join('\n'))).toEqual([
    { page: 'a.md', line: 5, language: 'ts', code: 'a();\n\nb();', excused: 'a reason' },
    { page: 'a.md', line: 13, language: 'sh', code: 'd' },
  ]);
  expect(() => blocksOf('a.md', '```ts\na();')).toThrow('a.md:1: this block has no end');
});
