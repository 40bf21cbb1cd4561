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
      /** What the app decodes before the library gets it. */
      readonly encoding?: 'hex' | 'base64';
    }
  /** It stands in the source. */
  | { readonly kind: 'text' }
  /** It is computed, or comes from elsewhere: what an operator has to look up. */
  | { readonly kind: 'expression'; readonly text: string };

const VARIABLE =
  /^(?:\(?\s*)?(?:globalThis\.)?(?:process\.env|import\.meta\.env|Bun\.env)(?:\.([A-Za-z_]\w*)|\[\s*(['"])(\w+)\2\s*\])/;
const DENO = /^Deno\.env\.get\(\s*(['"])(\w+)\1\s*\)/;
/** What makes bytes of a text. */
const BYTES = /^(?:new TextEncoder\(\)\.encode|Buffer\.from)\s*\(/;
/** A function that gives a secret, as far as the expression. */
const ARROW = /^(?:async\s{1,9})?(?:\w{1,40}|\([\w\s,:]{0,80}\))\s{0,9}=>\s{0,9}(?![\s{])/;
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
  const [arrow] = ARROW.exec(source.code.slice(span.start, span.end)) ?? [];
  if (arrow !== undefined) return secretOrigins(source, { ...span, start: span.start + arrow.length }, chain);
  const bytes = BYTES.exec(source.code.slice(span.start, span.end));
  if (bytes !== null) {
    const open = span.start + bytes[0].length - 1;
    const inside = source.inside(open);
    const [inner, encoding] = inside === undefined ? [] : source.parts(inside);
    if (inner !== undefined)
      return secretOrigins(source, inner, chain).map((origin) =>
        decodedOf(origin, encoding && source.of(encoding)),
      );
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

function decodedOf(origin: SecretOrigin, encoding: string | undefined): SecretOrigin {
  const [, name] = /^['"](hex|base64)(?:url)?['"]$/.exec(encoding ?? '') ?? [];
  if (origin.kind !== 'variable' || name === undefined) return origin;
  return { ...origin, encoding: name as 'hex' | 'base64' };
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

/** Where an expression ends that begins here. */
export function endOfStatement(source: Source, start: number): number {
  let depth = 0;
  let hasBegun = false;
  for (let at = start; at < source.code.length; at++) {
    const character = source.code[at] as string;
    if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character) && --depth < 0) return at;
    else if (depth === 0 && (character === ';' || character === ',')) return at;
    else if (depth === 0 && character === '\n' && hasBegun) return at;
    hasBegun ||= character.trim() !== '';
  }
  return source.code.length;
}

const MOST_SHOWN = 60;

/** As it stands there, but for what may be a secret. In one line, and no long one. */
export function withoutTexts(source: Source, span: Span): string {
  const beginning = { start: span.start, end: Math.min(span.end, span.start + 20 * MOST_SHOWN) };
  const text = opaque(source, beginning).replace(/\s+/g, ' ').trim();
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

/** Code without any text, number or comment. A key may be written as its bytes. */
export function opaque({ code }: Source, { start, end }: Span): string {
  return code
    .slice(start, end)
    .replace(/(['"`])\s*\1/g, '$1…$1')
    .replace(/\b\d[\w.]*/g, '…');
}

const SECRET_NAME = /(?:secret|pass|key|token|salt|credential)\w*['"]?\s*[:=]\s*$/i;
const WITH_PASSWORD = /:\/\/[^/]*@/;

/** Code that is to be written elsewhere, without the texts that are the secrets of something else, such as a store. */
export function shown(source: Source, { start, end }: Span): string {
  const isSecret = (text: string, at: number) =>
    SECRET_NAME.test(source.text.slice(Math.max(start, at - 80), at)) || WITH_PASSWORD.test(text);
  // What stands between quotation marks is blank in code.
  const parts = source.code.slice(start, end).matchAll(/(['"`])\s*\1|[^'"`]+|['"`]/g);
  return [...parts]
    .map(({ 0: code, 1: quote, index }) => {
      const text = source.text.slice(start + index, start + index + code.length);
      if (quote !== undefined) return isSecret(text, start + index) ? `${quote}…${quote}` : text;
      // A comment with a text in it: perhaps the secret before this one.
      return /['"`]/.test(text) ? code : text;
    })
    .join('');
}
