// What an operator says for the history: who, and why. It is kept for as long as the line is, read by every replica,
// and shown at terminals: one short line of text, and nothing that controls one.
import { KeyturnError } from '../errors.js';

export interface HistoryText {
  readonly who?: string | undefined;
  readonly why?: string | undefined;
}

const LONGEST = { who: 100, why: 500 } as const;

/** Control characters, line and paragraph separators, and what turns the direction of text around. */
const CONTROLS = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;

/** What is wrong with such a text; undefined when nothing is. The text itself is not repeated. */
export function historyTextProblem(what: keyof HistoryText, text: string): string | undefined {
  if (text.length > LONGEST[what])
    return `is ${text.length} characters long, and the history takes ${LONGEST[what]}`;
  if (CONTROLS.test(text) || !text.isWellFormed()) return 'holds a line end, or another control character';
  return undefined;
}

/**
 * The part of a line of the history. An empty text says nothing, and a document holds none.
 *
 * @throws KeyturnError `history_text_invalid`
 */
export function historyText({ who, why }: HistoryText): { readonly who?: string; readonly why?: string } {
  const said = { who, why };
  for (const what of ['who', 'why'] as const) {
    const problem = historyTextProblem(what, said[what] ?? '');
    if (problem === undefined) continue;
    const hint = 'say it in one short line; the rest belongs into a ticket that it names';
    throw new KeyturnError('history_text_invalid', `what is said for the history (${what}) ${problem}`, hint);
  }
  return { ...(who ? { who } : {}), ...(why ? { why } : {}) };
}
