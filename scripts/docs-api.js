// docs/api: what each entry point of the package exports, with the comments that stand above it in the sources. Read from
// the declarations that the compiler writes. scripts/docs.js writes the pages.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseSync } from 'rolldown/utils';

const root = join(import.meta.dirname, '..');

/** The pages, in order: a name is described on the first one whose entry has it. A folder stands for all entries below it. */
const PAGES = [
  { page: 'keyturn', about: 'everything without a framework', guide: '../tokens.md', entries: ['.'] },
  {
    page: 'http',
    about: '`node:http`, and an adapter of your own',
    guide: '../adapters.md',
    entries: ['./http'],
  },
  { page: 'express', about: 'Express 5 and 4', guide: '../express.md', entries: ['./express'] },
  { page: 'fastify', about: 'Fastify', guide: '../sessions.md', entries: ['./fastify'] },
  { page: 'koa', about: 'Koa 3 and 2', guide: '../koa.md', entries: ['./koa'] },
  { page: 'hono', about: 'Hono', guide: '../hono.md', entries: ['./hono'] },
  {
    page: 'web',
    about: 'Next.js, React Router, SvelteKit, Astro, Nuxt: Fetch on Node',
    guide: '../web.md',
    entries: ['./web'],
  },
  {
    page: 'edge',
    about: 'Workers, and Deno and Bun without a disk',
    guide: '../edge.md',
    entries: ['./edge'],
  },
  { page: 'stores', about: 'where sessions are kept', guide: '../stores.md', entries: ['./stores/*'] },
  { page: 'jwt', about: 'access and refresh tokens', guide: '../jwt.md', entries: ['./jwt'] },
  { page: 'blobs', about: 'files, with links to them', guide: '../blobs.md', entries: ['./blobs'] },
  { page: 'rotation', about: 'the steps of a rotation', guide: '../rotation.md', entries: ['./rotation'] },
  {
    page: 'console',
    about: 'the console, a page that shows the ring and the replicas',
    guide: '../console.md',
    entries: ['./console', './console/*'],
  },
  {
    page: 'bridges',
    about: 'keys of the ring for other libraries',
    guide: '../bridges/README.md',
    entries: ['./bridges/*'],
  },
  { page: 'testing', about: 'tests of your app', guide: '../testing.md', entries: ['./testing'] },
];

/** Every page of docs/api, by its path. */
export function apiPages() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entries = Object.keys(exports).filter((name) => name !== './package.json');
  const taken = new Map();
  const pages = PAGES.map((of) => ({
    ...of,
    entries: entries.filter((name) => belongs(name, of.entries)),
  })).filter((of) => of.entries.length > 0);
  const left = entries.filter((name) => !pages.some((of) => of.entries.includes(name)));
  if (left.length > 0) throw new Error(`scripts/docs-api.js has no page for ${left.join(', ')}`);
  const made = pages.map((of) => [
    `docs/api/${of.page}.md`,
    pageOf(
      of,
      of.entries.map((name) => [name, exports[name].import.types]),
      taken,
    ),
  ]);
  return [['docs/api/README.md', indexOf(pages)], ...made];
}

const belongs = (name, patterns) =>
  patterns.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
const spoken = (entry) => entry.replace(/^\./, 'keyturn');
const NOTE = '<!-- made of the comments in src by node scripts/docs.js -->';

function indexOf(pages) {
  return [
    '# API reference',
    '',
    NOTE,
    '',
    'Every name that the package exports, with its type and what stands above it in the source. An editor shows the same.',
    'The guides say how things are used; this is for looking them up.',
    '',
    '| import | for | guide |',
    '|---|---|---|',
    ...pages.map(({ page, about, guide, entries }) => {
      const shown =
        entries.length === 1 ? spoken(entries[0]) : `${spoken(entries[0]).replace(/[^/]+$/, '')}…`;
      return `| [\`${shown}\`](${page}.md) | ${about} | [${guide.replace(/^\.\.\//, '')}](${guide}) |`;
    }),
    '',
  ].join('\n');
}

function pageOf({ page, guide, entries }, files, taken) {
  const many = entries.length > 1;
  const title = many ? page : spoken(entries[0]);
  const lines = [
    `# API: ${many ? title : `\`${title}\``}`,
    '',
    NOTE,
    '',
    `The guide is [${guide.replace(/^\.\.\//, '')}](${guide}).`,
    '',
  ];
  for (const [entry, types] of files) {
    if (many) lines.push(`## \`${spoken(entry)}\``, '');
    const found = exportsOf(join(root, types));
    const here = [];
    const elsewhere = [];
    for (const item of found) {
      const known = taken.get(item.id);
      if (known === undefined) {
        taken.set(item.id, page);
        here.push(item);
      } else elsewhere.push([item.name, known]);
    }
    for (const item of here.sort(valuesFirst)) lines.push(...described(item, many ? '###' : '##'));
    if (elsewhere.length > 0) lines.push(...also(elsewhere, page));
  }
  return lines.join('\n');
}

/** Types that another entry describes. */
function also(elsewhere, page) {
  const pages = [...new Set(elsewhere.map(([, known]) => known))];
  return pages.flatMap((known) => {
    const list = elsewhere
      .filter((of) => of[1] === known)
      .map(([name]) => `\`${name}\``)
      .sort()
      .join(', ');
    return [known === page ? `Also ${list}, as above.` : `Also ${list}: see [${known}](${known}.md).`, ''];
  });
}

const valuesFirst = (one, other) =>
  Number(other.isValue) - Number(one.isValue) || (one.name < other.name ? -1 : 1);

const parsed = new Map();

function fileAt(path) {
  if (!parsed.has(path)) {
    const text = readFileSync(path, 'utf8');
    const { program, comments, errors } = parseSync(path, text);
    if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0].message}`);
    parsed.set(path, { path, text, body: program.body, comments });
  }
  return parsed.get(path);
}

const besides = (path, source) => join(dirname(path), source.replace(/\.js$/, '.d.ts'));

/** What a declaration file exports, each with where it is declared. */
function exportsOf(path) {
  return fileAt(path).body.flatMap((node) => {
    if (node.type === 'ExportDefaultDeclaration') {
      const name = node.declaration.name ?? nameOf(node.declaration);
      return [{ ...declarationOf(path, name), isDefault: true }];
    }
    if (node.type === 'ExportAllDeclaration') return exportsOf(besides(path, node.source.value));
    if (node.type !== 'ExportNamedDeclaration') return [];
    if (node.declaration !== null) return [declarationOf(path, nameOf(node.declaration))];
    const from = node.source === null ? path : besides(path, node.source.value);
    return node.specifiers.map(({ local, exported }) => ({
      ...declarationOf(from, local.name),
      ...(exported.name === 'default' ? { isDefault: true } : { name: exported.name }),
    }));
  });
}

const nameOf = (declaration) => declaration.id?.name ?? declaration.declarations?.[0]?.id.name;

/** Looks a name up in a file, and where that has it from another one there. */
function declarationOf(path, name) {
  const { text, body, comments } = fileAt(path);
  const nodes = body.filter((node) => nameOf(node.declaration ?? node) === name);
  if (nodes.length > 0) {
    const [first] = nodes;
    const declared = first.declaration ?? first;
    return {
      id: `${path} ${name}`,
      name,
      isValue: !/^TS(Interface|TypeAlias)/.test(declared.type),
      comment: commentAbove(first, comments, text),
      code: nodes.map((node) => shown(text.slice((node.declaration ?? node).start, node.end))).join('\n'),
    };
  }
  for (const node of body) {
    const specifiers = ['ImportDeclaration', 'ExportNamedDeclaration'].includes(node.type)
      ? node.specifiers
      : [];
    for (const { local, imported, exported } of specifiers ?? []) {
      if ((imported === undefined ? exported : local).name !== name || !node.source) continue;
      return declarationOf(besides(path, node.source.value), (imported ?? local).name);
    }
  }
  throw new Error(`${path} does not declare ${name}`);
}

/** The doc comment that ends where a declaration begins. */
function commentAbove(node, comments, text) {
  const found = comments.findLast(
    ({ type, value, end }) =>
      type === 'Block' &&
      value.startsWith('*') &&
      end <= node.start &&
      text.slice(end, node.start).trim() === '',
  );
  return found === undefined ? '' : found.value.slice(1);
}

/** A declaration as one would write it: two spaces, nothing private. */
function shown(code) {
  return code
    .replace(/^declare /, '')
    .replace(/^( +)/gm, (spaces) => ' '.repeat(Math.floor(spaces.length / 4) * 2 + (spaces.length % 4)))
    .replace(/^ *(?:#private|private readonly \w+|private \w+);\n/gm, '');
}

function described({ name, isDefault, comment, code }, level) {
  const { text, tags, examples } = partsOf(comment);
  const lines = [`${level} \`${name}\``, ''];
  if (isDefault) lines.push('The default export.', '');
  if (text !== '') lines.push(text, '');
  lines.push('```ts', code, '```', '');
  if (tags.length > 0) lines.push(...tags, '');
  for (const example of examples) lines.push('For example:', '', '```ts', example, '```', '');
  return lines;
}

/** What a doc comment says, and its tags as a list. */
function partsOf(comment) {
  const plain = comment.replace(/^ *\* ?/gm, '').replace(/\{@link (\S+?)\}/g, '`$1`');
  const [text = '', ...tagged] = plain.split(/^@(?=\w)/m).map((part) => part.trim());
  const tags = [];
  const examples = [];
  for (const part of tagged) {
    const [, tag, rest] = /^(\w+)\s*([\s\S]*)$/.exec(part);
    const words = rest.replace(/\s*\n\s*/g, ' ');
    if (tag === 'example') examples.push(rest.replace(/^```\w*\n|\n```$/g, ''));
    else if (tag === 'param') tags.push(`- ${words.replace(/^(\w+)/, '`$1`:')}`);
    else if (tag === 'returns') tags.push(`- Returns ${words}`);
    else if (tag === 'throws') tags.push(`- Throws ${words.replace(/^KeyturnError\b/, '`KeyturnError`')}`);
    else tags.push(`- ${tag}: ${words}`);
  }
  return {
    text: text.replace(/\s*\n(?!\n)\s*/g, (all) => (all.includes('\n\n') ? '\n\n' : '\n')),
    tags,
    examples,
  };
}
