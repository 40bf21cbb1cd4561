// What an editor shows of a name that a user writes: every public interface, function and member says what it is.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** The names of all entry points, from the snapshot that test/public-api.package.test.ts holds. */
const PUBLIC = new Set(
  [
    ...readFileSync(join(ROOT, 'test/__snapshots__/public-api.package.test.ts.snap'), 'utf8').matchAll(
      /^ {4}"(\w+)",$/gm,
    ),
  ].map(([, name]) => name as string),
);

/** Said by the name itself, wherever it stands. */
const PLAIN = new Set(['ok', 'code', 'kid', 'id', 'name', 'ring']);
/** The shape of what other packages make, which have their own words for it. */
const FOREIGN =
  /^(PostgresPool|NodeRedis\w+|IoredisClient|RequestHeaders|AuthjsConfig|NextAuth(Options|Request|Response)|CookieAttributes|CsrfCsrf(Options|Utilities)|FastJwtFunctions|H3(SessionOptions|Functions)|HonoJwt(Functions|Options)|SessionOptions|IronMethods|KoaContext|RouterCookie|(En|De)codeParams)$/;

interface Declared {
  readonly name: string;
  readonly file: string;
  /** Itself, and members as `name.member`, that nothing is said of. */
  readonly silent: readonly string[];
}

function* declarationsIn(file: string): Generator<Declared> {
  const lines = readFileSync(join(ROOT, 'src', file), 'utf8').split('\n');
  const said = (at: number): boolean => {
    const before = (lines[at - 1] as string).trim();
    return before.startsWith('// biome-ignore') ? said(at - 1) : before.endsWith('*/');
  };
  for (const [at, line] of lines.entries()) {
    const found = /^export (?:async )?(?:interface|function|type|class|const) (\w+)/.exec(line);
    const name = found?.[1];
    if (name === undefined || !PUBLIC.has(name)) continue;
    const silent = said(at) ? [] : [name];
    // What is said of a member of the interface that is extended an editor shows of this one's too.
    const inherits = / extends (Remote)?SessionStore /.test(line);
    const own = inherits ? ['size', 'migrate', 'prune'] : undefined;
    if (line.startsWith('export interface') && line.endsWith('{') && !FOREIGN.test(name)) {
      let before = '';
      for (let next = at + 1; lines[next] !== '}'; next++) {
        const member = /^ {2}(?:readonly )?(\w+)[?]?[(:<]/.exec(lines[next] as string)?.[1];
        // Further overloads stand below the first, which speaks for them.
        if (member === undefined || member === before) continue;
        before = member;
        if (own?.includes(member) === false) continue;
        if (!said(next) && !PLAIN.has(member)) silent.push(`${name}.${member}`);
      }
    }
    yield { name, file, silent };
  }
}

const declared = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith('cli'))
  .flatMap((file) => [...declarationsIn(file)]);

test('every public name is declared somewhere', () => {
  const names = new Set(declared.map(({ name }) => name));
  expect([...PUBLIC].filter((name) => !names.has(name))).toEqual(['default']);
});

describe.each(declared)('$name in $file', ({ silent }) => {
  test('says what it is', () => {
    expect(silent).toEqual([]);
  });
});

test('what the plugin adds to Fastify says what it is', () => {
  const source = readFileSync(join(ROOT, 'src/adapters/fastify/index.ts'), 'utf8');
  const block = /^declare module 'fastify' \{\n([\s\S]*?)^\}/m.exec(source)?.[1] ?? '';
  const lines = block.split('\n');
  const members = lines.flatMap((line, at) => {
    const name = /^ {4}(?:readonly )?(\w+)[?]?[(:]/.exec(line)?.[1];
    return name === undefined ? [] : [{ name, said: (lines[at - 1] as string).endsWith('*/') }];
  });
  expect(members.filter(({ said }) => said).map(({ name }) => name)).toEqual([
    'keyturn',
    'session',
    'flash',
    'checkCsrf',
    'flash',
    'csrfToken',
    'csrf',
    'session',
  ]);
  expect(members.filter(({ said }) => !said)).toEqual([]);
});
