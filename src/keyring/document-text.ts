// What a text is, before anything of it is read.

/** Whether the text can only be meant as a keyring document. */
export function looksLikeDocument(text: string): boolean {
  return text
    .replace(/^\uFEFF/, '')
    .trimStart()
    .startsWith('{');
}
