// docs/configuration.md says what the sources say: generated tables, examples, the signals of the profile.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { applyLayers } from '../../src/config/apply-layers.js';
import { moveInFields } from '../../src/config/layer-builder.js';
import * as moveIn from '../../src/config/move-in.js';
import { DEVELOPMENT_CONTAINERS, PLATFORMS, TEST_RUNNERS } from '../../src/config/platforms.js';
import { RUNNER_PACKAGES } from '../../src/config/runner-packages.js';
import { judge } from '../../src/secret/strength.js';

moveInFields.atOnce(() => moveIn);

const ROOT = resolve(import.meta.dirname, '../..');
const PAGE = readFileSync(resolve(ROOT, 'docs/configuration.md'), 'utf8');
const blocks = (language: string) =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, block]) => block as string,
  );

describe('the examples', () => {
  test.each(blocks('toml'))('in TOML: %s', (source) => {
    const origin = { layer: 'file', name: 'keyturn.toml', path: 'keyturn.toml' } as const;
    expect(applyLayers('dev', [{ origin, tree: parse(source) }], {}).errors).toEqual([]);
  });

  test('variables are set to what is known', () => {
    const exports = blocks('sh').flatMap((source) => [...source.matchAll(/^export (KEYTURN_\w+)=(\S+)/gm)]);
    expect(exports.length).toBeGreaterThan(5);
    const env = exports.map(([, name, value]) => [name as string, (value as string).replace(/^'|'$/g, '')]);
    expect(applyLayers('dev', [], Object.fromEntries(env)).errors).toEqual([]);
  });

  test('so many bytes of a secret count', () => {
    const rows = [...PAGE.matchAll(/^\| `([^`]+)` \| (\d+) \|$/gm)];
    expect(rows.length).toBeGreaterThan(5);
    for (const [, secret, bytes] of rows)
      expect({ secret, bytes: judge(secret as string).bytes }).toEqual({ secret, bytes: Number(bytes) });
  });
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
