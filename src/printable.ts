// What others have written, fit to be shown: on a terminal, in a log, in an error. Names, reasons, reports, what an
// engine says and what a file is called may all hold what moves a cursor, colours a line or turns it around.

/** Controls, formats (all that reorders text is among them), separators of lines, halves of characters. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Escapes all of it but line ends, as JSON would: JSON stays what it is. */
export function printable(text: string): string {
  return text.replace(UNFIT, (found) => (found === '\n' ? found : escaped(found)));
}

/** The same in one line: line ends, and the blanks around them, become a space. Linear, as no pattern for it is. */
export function oneLine(text: string): string {
  const lines = text.split('\n');
  const last = lines.length - 1;
  if (last === 0) return printable(text);
  const parts = lines.map((line, at) =>
    at === 0 ? line.trimEnd() : at === last ? line.trimStart() : line.trim(),
  );
  return printable(parts.filter((part, at) => part !== '' || at === 0 || at === last).join(' '));
}

function escaped(found: string): string {
  return Array.from({ length: found.length }, (_, at) => {
    const unit = found.charCodeAt(at).toString(16).padStart(4, '0');
    return `\\u${unit}`;
  }).join('');
}

/** "a, b and c" */
export function listOf(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
