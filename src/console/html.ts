// HTML as a template that escapes: what stands in the template is ours, what is put in comes from outside. Names, reasons
// and errors may hold markup, and characters that reorder text or move a cursor: neither gets through.
import { oneLine } from '../printable.js';

/** HTML that was made here. */
export class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** What a template takes. Nothing is shown of what is undefined or false. */
export type Content = string | number | Markup | false | undefined | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For a text, and for an attribute within quotation marks. */
export function escapeHtml(text: string): string {
  return oneLine(text).replace(/[&<>"']/g, (found) => ENTITIES[found] as string);
}

/** Attributes have to stand within quotation marks. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(parts.reduce((text, part, at) => `${text}${shown(contents[at - 1])}${part}`));
}

function shown(content: Content): string {
  if (content === undefined || content === false) return '';
  if (content instanceof Markup) return content.toString();
  if (typeof content === 'number') return String(content);
  return typeof content === 'string' ? escapeHtml(content) : content.map(shown).join('');
}
