// The parts of the pages that are made from the sources are what the sources say.
import { execFile } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SETTING_NAMES, SETTINGS } from '../../src/config/settings.js';
import { tempDir } from '../support/machine.js';

const ROOT = resolve(import.meta.dirname, '../..');
const PARTS = /<!-- generated: (.+?) \(run node scripts\/docs\.js\) -->([\s\S]*?)<!-- end of \1 -->/g;

const pages = readdirSync(join(ROOT, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const parts = pages.flatMap((page) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(PARTS)].map(([, name, content]) => ({
    page,
    name: name as string,
    content: content as string,
  })),
);

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function runDocs(root: string, ...args: readonly string[]): Promise<Ran> {
  return await new Promise((done) => {
    execFile(process.execPath, ['scripts/docs.js', ...args], { cwd: root }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** The project as far as the script looks at it, to be changed. */
function copy(): string {
  const root = tempDir();
  for (const name of [
    'docs',
    'scripts/docs.js',
    'scripts/docs-api.js',
    'src/config/config-types.ts',
    'package.json',
  ])
    cpSync(join(ROOT, name), join(root, name), { recursive: true });
  for (const name of ['dist', 'node_modules']) symlinkSync(join(ROOT, name), join(root, name));
  return root;
}

test('they are up to date; if this fails, run: node scripts/docs.js', async () => {
  expect(await runDocs(ROOT, '--check')).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('there are some on both pages, and each has something in it', () => {
  expect([...new Set(parts.map(({ page }) => page))]).toEqual(['docs/configuration.md', 'docs/rotation.md']);
  for (const { name, content } of parts) expect([name, content.trim().length > 100]).toEqual([name, true]);
});

describe.each(parts)('$page: $name', ({ page, content }) => {
  const [line = ''] = content.trim().split('\n').slice(-1);

  test('a line that is out of date fails, with what to run, and running it mends the page', async () => {
    const root = copy();
    const good = readFileSync(join(root, page), 'utf8');
    writeFileSync(join(root, page), good.replace(line, `${line} as it was`));
    const stale = { code: 1, stdout: '', stderr: `docs: ${page} is out of date: run node scripts/docs.js\n` };
    expect(await runDocs(root, '--check')).toEqual(stale);
    expect(readFileSync(join(root, page), 'utf8')).not.toBe(good);
    expect(await runDocs(root)).toEqual({ code: 0, stdout: `wrote ${page}\n`, stderr: '' });
    expect(readFileSync(join(root, page), 'utf8')).toBe(good);
  });
});

test('so are the types of settings, with every setting that a program may say', async () => {
  const root = copy();
  const shape = join(root, 'src/config/config-types.ts');
  const good = readFileSync(shape, 'utf8');
  for (const name of SETTING_NAMES.filter((each) => SETTINGS[each].variableOnly !== true))
    expect(good).toContain(`readonly ${name.split('.').at(-1)}?: `);
  writeFileSync(shape, good.replace('max_age?', 'maximum_age?'));
  const stale = {
    code: 1,
    stdout: '',
    stderr: 'docs: src/config/config-types.ts is out of date: run node scripts/docs.js\n',
  };
  expect(await runDocs(root, '--check')).toEqual(stale);
  await runDocs(root);
  expect(readFileSync(shape, 'utf8')).toBe(good);
});

test('a page that has lost its marks is an error, and is left alone', async () => {
  const root = copy();
  const page = join(root, 'docs/rotation.md');
  writeFileSync(page, readFileSync(page, 'utf8').replaceAll('<!-- end of', '<!-- ended'));
  const before = readFileSync(page, 'utf8');
  const ran = await runDocs(root);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain('docs/rotation.md has no lines "<!-- generated: where the secret is used');
  expect(readFileSync(page, 'utf8')).toBe(before);
});

describe('the reference in docs/api', () => {
  const page = 'docs/api/keyturn.md';

  test('has every name that an entry point exports', async () => {
    const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      exports: Record<string, string | { import: { default: string } }>;
    };
    const text = readdirSync(join(ROOT, 'docs/api'))
      .map((name) => readFileSync(join(ROOT, 'docs/api', name), 'utf8'))
      .join('\n');
    for (const [entry, target] of Object.entries(exports)) {
      if (typeof target === 'string') continue;
      expect(text).toContain(`\`${entry.replace(/^\./, 'keyturn')}\``);
      const names = Object.keys(await import(join(ROOT, target.import.default)));
      for (const name of names.filter((each) => each !== 'default'))
        expect(text).toContain(`# \`${name}\`\n`);
    }
  });

  test('is out of date when a comment has changed, and is written anew', async () => {
    const root = copy();
    const good = readFileSync(join(root, page), 'utf8');
    writeFileSync(join(root, page), good.replace('Resolves the signing secret', 'Finds the signing secret'));
    const stale = { code: 1, stdout: '', stderr: `docs: ${page} is out of date: run node scripts/docs.js\n` };
    expect(await runDocs(root, '--check')).toEqual(stale);
    await runDocs(root);
    expect(readFileSync(join(root, page), 'utf8')).toBe(good);
  });
});
