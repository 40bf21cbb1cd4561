import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bindingsOf, callsOf, optionsOf, without } from '../../src/neighbours/calls.js';
import { secretOrigins } from '../../src/neighbours/secret-origin.js';
import { Source } from '../../src/neighbours/source.js';

const of = (text: string) => new Source('app.js', text);

describe('what is code', () => {
  test.each([
    ['// session({ secret: 1 })', ''],
    ['/* session( */ f()', 'f()'],
    ["const a = 'session(';", "const a = '        ';"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source of an app
    ['const a = `x ${b({ c: `}` })} y`;', 'const a = `                    `;'],
    ['const a = /[\'"(]/.test(b);', 'const a =        .test(b);'],
    ['const half = a / b; f(c) / 2', 'const half = a / b; f(c) / 2'],
    ["const a = 'it\\'s';", "const a = '     ';"],
  ])('%s', (text, code) => {
    expect(of(text).code.trim()).toBe(code);
  });

  test('whatever stands there, the text keeps its length and its lines', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('"', "'", '`', '/', '*', '\\', '\n', '$', '{', '}', '(', ',', 'a'),
        }),
        (text) => {
          const { code } = of(text);
          expect(code).toHaveLength(text.length);
          expect(code.split('\n')).toHaveLength(text.split('\n').length);
        },
      ),
    );
  });
});

describe('how a library is imported', () => {
  test.each([
    ["import session from 'express-session';", { default: 'session' }],
    ["import * as session from 'express-session';", { '*': 'session' }],
    ["import { a as b, type C, d } from 'express-session'", { a: 'b', C: 'C', d: 'd' }],
    ["import session, { Store } from 'express-session'", { default: 'session', Store: 'Store' }],
    ["const session = require('express-session');", { default: 'session' }],
    ["const { Store: S, Cookie } = require('express-session')", { Store: 'S', Cookie: 'Cookie' }],
    ["const session = (await import('express-session')).default", {}],
    ["// import session from 'express-session';", {}],
    ["import type session from 'express-session';", {}],
    ["import session from 'express-sessions';", {}],
  ])('%s', (text, bindings) => {
    expect(Object.fromEntries(bindingsOf(of(text), ['express-session']))).toEqual(bindings);
  });
});

describe('calls and their options', () => {
  const optionsIn = (text: string) => {
    const source = of(text);
    const [call] = callsOf(source, 'session');
    const options = optionsOf(source, call?.args[0]);
    return { source, options, names: options?.properties.map(({ name }) => name) };
  };

  test('comments, texts and nested calls are in nobody way', () => {
    const { source, options, names } = optionsIn(`app.use(session({
      // secret: "a"
      secret: ['a, b', key({ c: 1 })], // the one
      /* store */ store: new Store({ client }),
      'name': \`sid\`,
      resave,
    }));`);
    expect(names).toEqual(['secret', 'store', 'name', 'resave']);
    expect(options && without(source, options, ['secret'])).toBe(
      "{\n  store: new Store({ client }),\n  'name': `sid`,\n  resave,\n}",
    );
  });

  test('options that are spread into others stay with them', () => {
    const { source, options } = optionsIn("session({ ...common, secret: 'x', [name]: 1, resave: false })");
    expect(options && without(source, options, ['secret'])).toBe('{ ...common, [name]: 1, resave: false }');
  });

  test('options that stand elsewhere in the file', () => {
    const { options, names } = optionsIn(
      'const given = { secret, resave: false };\napp.use(session(given));',
    );
    expect([options?.named, names]).toEqual(['given', ['secret', 'resave']]);
  });

  test('a method of that name, a declaration and a comment are no calls', () => {
    expect(callsOf(of('request.session(1); function session(a) {} // session(2)'), 'session')).toEqual([]);
  });

  test.each([
    ['process.env.SECRET', [{ kind: 'variable', name: 'SECRET' }]],
    ['process.env.SECRET!', [{ kind: 'variable', name: 'SECRET' }]],
    ["process.env['SECRET']", [{ kind: 'variable', name: 'SECRET' }]],
    ["Deno.env.get('SECRET')", [{ kind: 'variable', name: 'SECRET' }]],
    ["process.env.SECRET ?? 'dev'", [{ kind: 'variable', name: 'SECRET', orText: true }]],
    ["['a', process.env.B]", [{ kind: 'text' }, { kind: 'variable', name: 'B' }]],
    ["config.get('session.secret')", [{ kind: 'expression', text: "config.get('…')" }]],
    ['new TextEncoder().encode(process.env.B)', [{ kind: 'variable', name: 'B' }]],
    ["Buffer.from(process.env.B, 'hex')", [{ kind: 'variable', name: 'B', encoding: 'hex' }]],
    ['KEY', [{ kind: 'variable', name: 'FROM_ABOVE' }]],
  ])('a secret from %s', (expression, origins) => {
    const text = `const KEY = process.env.FROM_ABOVE;\nsession({ secret: ${expression} });`;
    const { source, options } = optionsIn(text);
    const [property] = options?.properties ?? [];
    expect(property && secretOrigins(source, property.value)).toEqual(origins);
  });

  test('a secret that stands in the source is never shown', () => {
    const planted = 'planted-0f1e2d3c';
    for (const expression of [`'${planted}'`, `f('${planted}')`, `\`${planted}\` + x`, `["${planted}"]`]) {
      const { source, options } = optionsIn(`session({ secret: ${expression} })`);
      const [property] = options?.properties ?? [];
      expect(JSON.stringify(property && secretOrigins(source, property.value))).not.toContain(planted);
    }
  });

  test.each([
    'Buffer.from([0x70, 0x6c, 0x61, 0x6e])',
    "f(/* before: '0x70' */ key)",
  ])('nor one that stands there otherwise: %s', (expression) => {
    const { source, options } = optionsIn(`session({ secret: ${expression} })`);
    const [property] = options?.properties ?? [];
    expect(JSON.stringify(property && secretOrigins(source, property.value))).not.toContain('0x70');
  });

  test('what other options keep secret is left out of what is to be written', () => {
    const { source, options } = optionsIn(`session({
      // secret: 'planted-0',
      secret,
      store: new Store({ url: 'redis://:planted-1@host', crypto: { "secret": 'planted-2' }, /* 'planted-3' */ }),
      name: 'sid',
    })`);
    expect(options && without(source, options, ['secret'])).toMatch(
      /^\{\n {2}store: new Store\(\{ url: '…', crypto: \{ "secret": '…' \}, +\}\),\n {2}name: 'sid',\n\}$/,
    );
  });
});

describe('a file that is made to take long', () => {
  const LENGTH = 500_000;
  const hole = '`${';
  test.each([
    ['texts within texts', hole],
    ['patterns without an end', '(/['],
    ['calls without an end', 'session('],
    ['calls in calls', 'session(', ')'],
    ['imports of nothing', 'import '],
    ['spaces after an import', ' ', '', 'import '],
    ['declarations of nothing', 'const '],
    ['empty lines before a value', '\n', '', 'session(a); const a ='],
    ['lines that are a comment', 'x\n', '', '/*'],
  ])('%s', { timeout: 60_000 }, (_what, unit, closed = '', before = '') => {
    const count = Math.floor(LENGTH / (unit.length + closed.length));
    const source = of(before + unit.repeat(count) + closed.repeat(count));
    expect(source.code).toHaveLength(source.text.length);
    expect(bindingsOf(source, ['express-session']).size).toBe(0);
    const calls = callsOf(source, 'session');
    for (const { args } of calls) if (args[0] !== undefined) secretOrigins(source, args[0]);
    expect(calls.length).toBeLessThanOrEqual(100);
  });
});
