// Where a library's secret comes from, in the source of an app. Never the secret: what stands there as a text is said to,
// and not shown.
import type { Source, Span } from './source.js';

/** Where one secret is taken from. */
export type SecretOrigin =
  | {
      readonly kind: 'variable';
      readonly name: string;
      /** A text in the source takes its place where it is not set. */
      readonly orText?: true;
    }
  /** It stands in the source. */
  | { readonly kind: 'text' }
  /** It is computed, or comes from elsewhere: what an operator has to look up. */
  | { readonly kind: 'expression'; readonly text: string };

const VARIABLE =
  /^(?:\(?\s*)?(?:globalThis\.)?(?:process\.env|import\.meta\.env|Bun\.env)(?:\.([A-Za-z_]\w*)|\[\s*(['"])(\w+)\2\s*\])/;
const DENO = /^Deno\.env\.get\(\s*(['"])(\w+)\1\s*\)/;
const LITERAL = /^(['"`])[\s\S]*\1$/;
/** Further than this a name is not followed. */
const LONGEST_CHAIN = 4;

/** Of an expression: several where it is a list. */
export function secretOrigins(source: Source, span: Span, chain = 0): readonly SecretOrigin[] {
  const text = source.of(span).trim();
  if (source.code[span.start] === '[') {
    const inside = source.inside(span.start);
    if (inside !== undefined)
      return source.parts(inside).flatMap((part) => secretOrigins(source, part, chain));
  }
  const variable = VARIABLE.exec(text)?.slice(1) ?? DENO.exec(text)?.slice(1);
  const name = variable?.find((part) => part !== undefined && /^\w/.test(part));
  if (name !== undefined) {
    const isBackedUp = /(?:\?\?|\|\|)\s*['"`]/.test(source.code.slice(span.start, span.end));
    return [isBackedUp ? { kind: 'variable', name, orText: true } : { kind: 'variable', name }];
  }
  if (LITERAL.test(text)) return [{ kind: 'text' }];
  if (/^[\w$]+$/.test(text) && chain < LONGEST_CHAIN) {
    const value = declarationOf(source, text);
    if (value !== undefined) return secretOrigins(source, value, chain + 1);
  }
  return [{ kind: 'expression', text: withoutTexts(source, span) }];
}

/** What a name is declared as in the same file. */
export function declarationOf(source: Source, name: string): Span | undefined {
  const declared = new RegExp(
    `\\b(?:const|let|var)\\s+${name.replaceAll('$', '\\$')}\\s*(?::[^=;\\n]{1,80})?=\\s*`,
    'g',
  );
  for (const found of source.code.matchAll(declared)) {
    const start = found.index + found[0].length;
    const end = endOfStatement(source, start);
    if (end > start) return { start, end };
  }
  return undefined;
}

function endOfStatement(source: Source, start: number): number {
  let depth = 0;
  for (let at = start; at < source.code.length; at++) {
    const character = source.code[at] as string;
    if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character) && --depth < 0) return at;
    else if (depth === 0 && (character === ';' || character === ',')) return at;
    else if (depth === 0 && character === '\n' && /\S/.test(source.code.slice(start, at))) return at;
  }
  return source.code.length;
}

const MOST_SHOWN = 60;

/** As it stands there, but for what may be a secret. */
export function withoutTexts(source: Source, { start, end }: Span): string {
  const shown = source.code
    .slice(start, end)
    .replace(/(['"`]) *\1/g, '$1…$1')
    .replace(/\s+/g, ' ')
    .trim();
  return shown.length > MOST_SHOWN ? `${shown.slice(0, MOST_SHOWN)}…` : shown;
}
