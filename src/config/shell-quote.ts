// Hints that are copied into a shell.

/** One word of a shell, whatever is in it: folders of others have names that a shell would run. */
export function shellQuote(text: string): string {
  return /^[\w./@%+:=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
