// The words of the console, each in a sentence: a fold at the end of every page, which opens without a script.
import { html, type Markup } from '../html.js';

const WORDS: ReadonlyArray<readonly [string, string]> = [
  [
    'key',
    'one secret in use. It is never shown: its id, 8 characters, is derived from it and is the same everywhere.',
  ],
  ['keyring', 'all keys of this app, in an order. Exactly one signs; those that are live all verify.'],
  [
    'staged',
    'of a key: each replica that has read it verifies with it. It signs nothing yet. It is promoted when all replicas know it.',
  ],
  ['signs', 'of a key: it signs what is new. The key that signs is called active, too.'],
  ['retiring', 'of a key: it signs nothing any more, and verifies until the last of its tokens has expired.'],
  ['retired', 'of a key: its secret is deleted. Its id stays in the history.'],
  ['revoked', 'of a key: all that it signed is refused. Its id stays in the history.'],
  [
    'stage, promote, retire',
    'the three steps of a rotation: a new key is staged, then it signs, then the old one is deleted.',
  ],
  ['roll back', 'the former key signs again. The newer one verifies, so that nobody is signed out.'],
  [
    'revoke',
    'for a key that somebody else may have. It can sign people out, and no other step does: Keyturn refuses the others while they would.',
  ],
  ['replica', 'one running process of this app.'],
  [
    'generation',
    'the number of the keyring: each step raises it by one. Replicas of one generation have the same keys.',
  ],
  [
    'fingerprint',
    'a short text that two replicas have in common exactly where they hold the same keys in the same states.',
  ],
  [
    'purpose',
    'what a signature is for, such as sessions or links. What is signed for one is accepted for no other.',
  ],
  ['impact', 'what a step does to each purpose, and what users notice of it.'],
];

/** The id of what a link leads to: browsers open the fold around it. */
export const WORDS_ID = 'words';

export function glossary(): Markup {
  return html`<details class="words"><summary>What the words mean</summary><dl id="${WORDS_ID}" class="facts">
${WORDS.map(([word, means]) => html`<div><dt>${word}</dt><dd>${means}</dd></div>\n`)}</dl></details>`;
}
