// Makes what others have written fit to be shown: on a terminal, in a log, in an error. Names, reasons, reports, the
// messages of an engine and the names of files may all hold characters that move a cursor, colour a line or reverse it.

/** Control characters, format characters (with all that reorder text), line separators, halves of surrogate pairs. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Escapes all of these except line ends, in the way of JSON: a JSON text means the same afterwards. */
export function printable(text: string): string {
  return text.replace(UNFIT, (found) => (found === '\n' ? found : escaped(found)));
}

/**
 * The same in one line: line ends, and the blanks around them, become a space. Takes time in proportion to the length
 * of the text, which no regular expression for this does.
 */
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

/** "1 key", "3 keys" */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** "a, b and c" */
export function listOf(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** "1,000" */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** As at the beginning of a sentence. */
export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
