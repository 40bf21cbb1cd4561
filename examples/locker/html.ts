// A template tag that escapes: what is put into html`…` is text, unless it was made by html`…` itself.
// Attribute values must stand in quotes: html`<a title="${text}">`.

/** Markup that is safe to send as it is. */
export class Html {
  readonly #markup: string;

  /** @param markup trusted: nothing that a visitor wrote */
  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

/** What may stand in a template. Undefined, null and false leave nothing, so that `condition && html`…`` works. */
export type Content = string | number | Html | readonly Content[] | undefined | null | false;

export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(parts.reduce((markup, part, index) => markup + render(contents[index - 1]) + part));
}

function render(content: Content): string {
  if (content === undefined || content === null || content === false) return '';
  if (content instanceof Html) return content.toString();
  if (typeof content === 'object') return content.map(render).join('');
  return escapeHtml(String(content));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
