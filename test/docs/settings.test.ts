// What the pages show in TOML and JSON is what is read: every setting is there and takes that value.
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { applyLayers } from '../../src/config/apply-layers.js';
import { moveInFields } from '../../src/config/layer-builder.js';
import * as moveIn from '../../src/config/move-in.js';
import { blocksIn } from './blocks.js';

moveInFields.atOnce(() => moveIn);

const named = (...languages: readonly string[]) =>
  blocksIn(...languages).map((block) => ({ ...block, place: `${block.page}:${block.line}` }));

/** Settings of another program, which their first line names. */
const FOREIGN = /^# wrangler\.toml/;

describe('settings in TOML', () => {
  test.each(named('toml').filter(({ code }) => !FOREIGN.test(code)))('$place', ({ code }) => {
    const origin = { layer: 'file', name: 'keyturn.toml', path: 'keyturn.toml' } as const;
    expect(applyLayers('dev', [{ origin, tree: parse(code) }], {}).errors).toEqual([]);
  });
});

describe('settings in variables', () => {
  const set = named('sh').flatMap(({ place, code }) => {
    const found = [...code.matchAll(/\b(KEYTURN_\w+)=('[^']*'|"[^"]*"|\S+)/g)];
    const env = found.map(([, name, value]) => [name, (value as string).replace(/^(['"])(.*)\1$/, '$2')]);
    return env.length === 0 ? [] : [{ place, env: Object.fromEntries(env) }];
  });

  test.each(set)('$place', ({ env }) => {
    expect(applyLayers('dev', [], env).errors).toEqual([]);
  });
});

describe('JSON', () => {
  test.each(named('json'))('$place', ({ code }) => {
    expect(() => JSON.parse(code)).not.toThrow();
  });
});
