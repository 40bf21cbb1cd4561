// The public names of each subpath. A change here is a change of the contract: make it on purpose.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { import: { types: string; default: string } }>;
};
const subpaths = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  typeof target === 'string' ? [] : [[subpath, target.import] as const],
);

/** Names that a declaration file exports: values and types. */
function declaredNames(file: string): string[] {
  // Examples in comments export things, too.
  const declarations = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const lists = [...declarations.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list]) =>
    (list as string).split(',').map((name) =>
      name
        .trim()
        .replace(/^type /, '')
        .replace(/^.* as /, ''),
    ),
  );
  const direct = [
    ...declarations.matchAll(
      /export (?:declare )?(?:abstract )?(?:class|interface|type|function|const) (\w+)/g,
    ),
  ].map(([, name]) => name as string);
  const standard = /export default /.test(declarations) ? ['default'] : [];
  return [...new Set([...lists, ...direct, ...standard])].filter((name) => name !== '').sort();
}

describe.each(subpaths)('%s', (subpath, target) => {
  test('exports these names', async () => {
    const names = declaredNames(join(ROOT, target.types));
    const values = Object.keys(await import(join(ROOT, target.default))).sort();
    expect({ names, values }).toMatchSnapshot(subpath);
    expect(names).toEqual(expect.arrayContaining(values));
  });
});
