// The fenced blocks of every page that a user reads.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT: string = resolve(import.meta.dirname, '../..');

/** Pages with code, from the root of the project; docs/api is made of the sources, and shows what they declare. */
export const PAGES: readonly string[] = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  ...pagesBelow('docs').filter((page) => !page.startsWith('docs/api/')),
  ...pagesBelow('examples'),
];

export interface Block {
  readonly page: string;
  /** The line of the page on which its code begins, counted from 1. */
  readonly line: number;
  /** What stands behind the three backticks: empty where nothing does. */
  readonly language: string;
  readonly code: string;
  /** Why it is not compiled: `<!-- not compiled: REASON -->` in the line before it. */
  readonly excused?: string;
}

export function pagesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.md') && !file.includes('/node_modules/'))
    .sort();
}

export function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

export function blocksOf(page: string, text: string = read(page)): readonly Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [, indent, fence, language] = /^( *)(`{3,})(.*)$/.exec(lines[at] ?? '') ?? [];
    if (indent === undefined || fence === undefined || language === undefined) continue;
    const end = lines.findIndex((line, index) => index > at && line.trim() === fence);
    if (end === -1) throw new Error(`${page}:${at + 1}: this block has no end`);
    const excuse = /^<!-- not compiled: (.+) -->$/.exec(lines[at - 1]?.trim() ?? '')?.[1];
    blocks.push({
      page,
      line: at + 2,
      language: language.trim(),
      code: lines
        .slice(at + 1, end)
        .map((line) => line.slice(Math.min(indent.length, line.length - line.trimStart().length)))
        .join('\n'),
      ...(excuse === undefined ? {} : { excused: excuse }),
    });
    at = end;
  }
  return blocks;
}

/** All blocks of some languages. */
export function blocksIn(...languages: readonly string[]): readonly Block[] {
  return PAGES.flatMap((page) => blocksOf(page)).filter(({ language }) => languages.includes(language));
}
