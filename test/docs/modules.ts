// Makes modules of the snippets of a page. A page reads from top to bottom: a name that a snippet does not declare is the
// one that an earlier snippet of the page declares or imports, else one of `given/PAGE.ts`, which holds what the text takes
// for granted.
import { posix } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import type { Block } from './blocks.js';

export interface Module {
  /** Where it is in the folder of its page: as its first line says (`// lib/keyturn.ts`), else by its line. */
  readonly file: string;
  readonly block: Block;
  /** The code of the block begins in its second line. */
  readonly text: string;
}

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

interface Names {
  /** What it declares at the top, by name: whether that is only a type. */
  readonly declared: Map<string, boolean>;
  readonly exported: Set<string>;
  /** What it imports, by name: the same as a line of its own. */
  readonly imported: Map<string, string>;
  readonly used: Set<string>;
}

const FILE_NAME = /^\/\/ ([\w@+[\]./-]+\.tsx?)$/;

/** @param given the file with what the page takes for granted, where there is one */
export function modulesOf(blocks: readonly Block[], given: string | undefined): readonly Module[] {
  const taken = given === undefined ? undefined : namesIn(given, 'ts');
  const known = blocks.map((block) => ({
    block,
    names: namesIn(block.code, block.language === 'tsx' ? 'tsx' : 'ts'),
    file: fileOf(block),
    asked: new Set<string>(),
  }));
  const headers = known.map(({ names, file }, at) => {
    const lines = [...names.used].flatMap((name) => {
      if (names.declared.has(name) || names.imported.has(name)) return [];
      for (const earlier of known.slice(0, at).reverse()) {
        const again = earlier.names.imported.get(name);
        if (again !== undefined)
          return [again.replace(/'(\.[^']+)'/, (_, path) => `'${moved(path, earlier.file, file)}'`)];
        const isType = earlier.names.declared.get(name);
        if (isType === undefined) continue;
        earlier.asked.add(name);
        return [importLine(name, isType, relative(file, earlier.file))];
      }
      const isType = taken?.exported.has(name) ? taken.declared.get(name) : undefined;
      return isType === undefined ? [] : [importLine(name, isType, relative(file, 'given.ts'))];
    });
    return lines.join(' ');
  });
  return known.map(({ block, names, file, asked }, at) => {
    const exports = [...asked]
      .filter((name) => !names.exported.has(name))
      .map((name) => `export ${names.declared.get(name) ? 'type ' : ''}{ ${name} };`);
    // Without an import or an export it would be a script, and share its names with others.
    return { file, block, text: `${headers[at]}\n${block.code}\n${['export {};', ...exports].join(' ')}\n` };
  });
}

function importLine(name: string, isType: boolean, from: string): string {
  return `import ${isType ? 'type ' : ''}{ ${name} } from '${from}';`;
}

function fileOf({ code, language, line }: Block): string {
  return (
    FILE_NAME.exec(code.split('\n')[0] ?? '')?.[1] ?? `line-${line}.${language === 'tsx' ? 'tsx' : 'ts'}`
  );
}

/** What a file imports by a relative path, as another one does. */
function moved(path: string, from: string, to: string): string {
  const same = posix.relative(posix.dirname(to), posix.join(posix.dirname(from), path));
  return same.startsWith('.') ? same : `./${same}`;
}

function relative(from: string, to: string): string {
  return `${'../'.repeat(from.split('/').length - 1) || './'}${to.replace(/\.tsx?$/, '.js')}`;
}

function namesIn(code: string, lang: 'ts' | 'tsx'): Names {
  const names: Names = { declared: new Map(), exported: new Set(), imported: new Map(), used: new Set() };
  let body: readonly Node[] = [];
  try {
    body = parseAst(code, { lang, sourceType: 'module' }).body as unknown as readonly Node[];
  } catch {
    // The compiler will say so, and where.
  }
  for (const statement of body) addStatement(statement, names);
  collectUsed(body, names.used);
  // What a function of it names itself is not that of an earlier snippet, which would run for it.
  for (const name of boundWithin(body)) names.used.delete(name);
  return names;
}

function addStatement(statement: Node, names: Names): void {
  const { type } = statement;
  if (type === 'ImportDeclaration') addImport(statement, names);
  else if (type === 'ExportNamedDeclaration' && statement.declaration) {
    for (const [name, isType] of declaredBy(statement.declaration as Node)) {
      names.declared.set(name, isType);
      names.exported.add(name);
    }
  } else if (type === 'ExportNamedDeclaration') {
    for (const { exported } of statement.specifiers as readonly { exported: Node }[]) {
      names.exported.add(exported.name as string);
      if (!names.declared.has(exported.name as string)) names.declared.set(exported.name as string, false);
    }
  } else for (const [name, isType] of declaredBy(statement)) names.declared.set(name, isType);
}

function addImport(statement: Node, { imported }: Names): void {
  const from = (statement.source as Node).value as string;
  for (const specifier of statement.specifiers as readonly Node[]) {
    const local = (specifier.local as Node).name as string;
    const other = (specifier.imported as Node | undefined)?.name;
    const isType = statement.importKind === 'type' || specifier.importKind === 'type';
    const what =
      specifier.type === 'ImportDefaultSpecifier'
        ? local
        : specifier.type === 'ImportNamespaceSpecifier'
          ? `* as ${local}`
          : `{ ${other === local ? local : `${other} as ${local}`} }`;
    imported.set(local, `import ${isType ? 'type ' : ''}${what} from '${from}';`);
  }
}

/** The names that a statement declares, and whether each is only a type. */
function declaredBy(statement: Node): [string, boolean][] {
  switch (statement.type) {
    case 'VariableDeclaration':
      return (statement.declarations as readonly Node[]).flatMap(({ id }) =>
        boundBy(id as Node).map((name): [string, boolean] => [name, false]),
      );
    case 'FunctionDeclaration':
    case 'TSDeclareFunction':
    case 'ClassDeclaration':
      return statement.id ? [[(statement.id as Node).name as string, false]] : [];
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration':
      return [[(statement.id as Node).name as string, true]];
    default:
      return [];
  }
}

function boundBy(pattern: Node): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name as string];
    case 'ObjectPattern':
      return (pattern.properties as readonly Node[]).flatMap((one) =>
        boundBy((one.type === 'RestElement' ? one.argument : one.value) as Node),
      );
    case 'ArrayPattern':
      return (pattern.elements as readonly (Node | null)[]).flatMap((one) =>
        one === null ? [] : boundBy(one),
      );
    case 'AssignmentPattern':
      return boundBy(pattern.left as Node);
    case 'RestElement':
      return boundBy(pattern.argument as Node);
    default:
      return [];
  }
}

/** Every name that stands anywhere, other than as the name of a property. */
function collectUsed(value: unknown, used: Set<string>): void {
  if (Array.isArray(value)) for (const one of value) collectUsed(one, used);
  if (typeof value !== 'object' || value === null) return;
  const node = value as Node;
  if (node.type === 'Identifier' || node.type === 'JSXIdentifier') used.add(node.name as string);
  if (node.type === 'ImportDeclaration') return;
  const skipped =
    node.computed === true || node.shorthand === true
      ? undefined
      : node.type === 'MemberExpression'
        ? 'property'
        : 'key';
  for (const [key, child] of Object.entries(node)) if (key !== skipped) collectUsed(child, used);
}

/** The names that parameters and declarations anywhere in it bind. */
function boundWithin(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(boundWithin);
  if (typeof value !== 'object' || value === null) return [];
  const node = value as Node;
  const bound = [...declaredBy(node)].map(([name]) => name);
  for (const param of (node.params as readonly Node[] | undefined) ?? [])
    if (typeof param.type === 'string') bound.push(...boundBy(param));
  if (node.type === 'CatchClause' && node.param) bound.push(...boundBy(node.param as Node));
  return [...bound, ...Object.values(node).flatMap(boundWithin)];
}
