// What a text is, before anything of it is read: whoever only asks this does not load the parser of documents.

/** Whether the text can only be meant as a keyring document. */
export function looksLikeDocument(text: string): boolean {
  return /^\uFEFF?\s*\{/.test(text);
}
