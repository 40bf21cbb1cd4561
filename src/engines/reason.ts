import { LATE } from './watch.js';

/**
 * Why an engine did not do what it was asked, in a word or two that hold nothing of anybody: a code of the system or of
 * PostgreSQL, or the word that an error of Redis begins with.
 */
export function reasonOf(error: unknown): string {
  if (error === LATE) return LATE.message;
  const { code, message, name } = (error ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof code === 'string' && /^\w{1,40}$/.test(code)) return code;
  return /^[A-Z]{4,20}(?= )/.exec(String(message))?.[0] ?? String(name);
}
