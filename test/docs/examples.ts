// The examples of docs/api, which are those of the comments in src: what an editor shows of a name.
import { type Block, blocksOf, read } from './blocks.js';

/** What a page of the reference says is exported: name, entry point, whether it is the default. */
interface Exported {
  readonly name: string;
  readonly from: string;
  readonly isDefault: boolean;
}

function exportsOf(page: string): readonly Exported[] {
  const found: Exported[] = [];
  let from = '';
  for (const part of read(page).split(/^(?=#{1,3} )/m)) {
    const heading = /^#+ (?:API: )?`([\w/-]+)`$/m.exec(part)?.[1];
    if (heading?.startsWith('keyturn/') || part.startsWith('# ')) from = heading ?? 'keyturn';
    else if (heading !== undefined)
      found.push({ name: heading, from, isDefault: part.includes('The default export.') });
  }
  return found;
}

/**
 * The examples of a page, each with what it takes of the entry points in its first line. They stand in the midst of an app:
 * all but those that export something are in a function.
 */
export function examplesOf(page: string): readonly Block[] {
  const lines = read(page).split('\n');
  const exported = exportsOf(page);
  return blocksOf(page)
    .filter(({ line }) => lines[line - 4] === 'For example:')
    .map((block) => {
      const imports = exported
        .filter(({ name }) => new RegExp(`\\b${name}\\b`).test(block.code))
        .map(({ name, from, isDefault }) => `import ${isDefault ? name : `{ ${name} }`} from '${from}';`);
      const isModule = /^export /m.test(block.code);
      const code = isModule ? block.code : `(async () => { ${block.code}\n});`;
      return { ...block, code: `${imports.join(' ')} ${code}` };
    });
}
