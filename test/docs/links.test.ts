// Whatever the pages point to is there: files, anchors, package scripts, variables.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MOVE_IN_FIELDS } from '../../src/config/move-in.js';
import { COMPANION_VARIABLES, PURPOSE_FIELDS, SETTING_NAMES, variableOf } from '../../src/config/settings.js';

const ROOT = resolve(import.meta.dirname, '../..');
const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file.replaceAll('\\', '/')}`),
  'examples/README.md',
  'examples/locker/README.md',
];

const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');
const withoutCode = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, '');

/** The anchors that GitHub makes of the headings of a page. */
function anchorsOf(page: string): readonly string[] {
  const seen = new Map<string, number>();
  return [...withoutCode(read(page)).matchAll(/^#{1,6} (.*)$/gm)].map(([, heading]) => {
    const slug = (heading as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}

const FIELDS = Object.keys(PURPOSE_FIELDS).join('|').toUpperCase();
const PURPOSE_VARIABLE = new RegExp(`^KEYTURN_PURPOSES__[A-Z][A-Z0-9_]*__(${FIELDS})$`);
const MOVES = Object.keys(MOVE_IN_FIELDS).join('|').toUpperCase();
const MOVE_IN_VARIABLE = new RegExp(`^KEYTURN_MOVE_IN__[A-Z][A-Z0-9_]*__(${MOVES})$`);
const KNOWN_VARIABLES = new Set([...SETTING_NAMES.map(variableOf), ...COMPANION_VARIABLES]);
/** Not Keyturn's: what Kubernetes makes of a Service with that name. */
const FOREIGN_VARIABLES = ['KEYTURN_SERVICE_HOST'];

const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** Where frameworks look for files of an app. */
const OF_AN_APP = [
  'src/hooks.server.ts',
  'src/middleware.ts',
  'src/notes.ts',
  'src/routes/sign-in.ts',
  'src/server.ts',
  'src/start.ts',
];
/** Pages that build an app: what they call `src/…` and `npm run …` is that app's. */
const builds = (page: string) => page.startsWith('docs/getting-started/');

/** The links of a page to files, as paths below the root. */
const linked = (page: string) =>
  [...withoutCode(read(page)).matchAll(/\]\(([^)#\s:]+\.md)/g)].map(([, link]) =>
    join(dirname(page), link as string),
  );

test('the index leads to every page, by itself or by the index of a folder', () => {
  const listed = linked('docs/README.md');
  const indexes = listed.filter((page) => page.startsWith('docs/') && page.endsWith('/README.md'));
  const found = new Set(
    ['docs/README.md', ...listed, ...indexes.flatMap(linked)].map((page) => page.replaceAll('\\', '/')),
  );
  expect(PAGES.filter((page) => page.startsWith('docs/') && !found.has(page))).toEqual([]);
});

describe.each(PAGES)('%s', (page) => {
  const text = read(page);

  test('links lead somewhere', () => {
    const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link as string);
    const broken = links
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? page : join(dirname(page), path);
        if (!existsSync(join(ROOT, target))) return true;
        return anchor !== undefined && !(target.endsWith('.md') && anchorsOf(target).includes(anchor));
      });
    expect(broken).toEqual([]);
  });

  test('files named in passing are there', () => {
    const named = [...text.matchAll(/\b(?:src|test|docs|bench|scripts)\/[\w./-]+\.\w+\b/g)].map(
      ([path]) => path,
    );
    const missing = named.filter((path) => !existsSync(join(ROOT, path)) && !OF_AN_APP.includes(path));
    expect(builds(page) ? missing.filter((path) => !path.startsWith('src/')) : missing).toEqual([]);
  });

  test.skipIf(builds(page))('package scripts exist', () => {
    const named = [...text.matchAll(/\bnpm (?:run |(?=test\b|start\b))([\w:-]+)/g)].map(
      ([, name]) => name as string,
    );
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  test('variables are known', () => {
    const named = [...text.matchAll(/\bKEYTURN_[A-Z0-9_]+\b/g)].map(([variable]) => variable);
    const unknown = named.filter(
      (variable) =>
        !KNOWN_VARIABLES.has(variable) &&
        !FOREIGN_VARIABLES.includes(variable) &&
        !PURPOSE_VARIABLE.test(variable) &&
        !MOVE_IN_VARIABLE.test(variable),
    );
    expect(unknown).toEqual([]);
  });
});
