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
});
