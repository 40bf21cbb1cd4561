// Secrets that stand in configuration files, or in the program. Looked for where there are any of those.

import type { Settings } from '../config/layers.js';
import { SECRET_VARIABLE, variableOf } from '../config/settings.js';
import { shellQuote } from '../config/shell-quote.js';
import { bitsOfOthers } from '../disk/modes.js';
import { ownerOf } from '../disk/read.js';
import { KeyturnError } from '../errors.js';
import type { ProblemArea, Problems } from './problem.js';

/** Secrets in configuration files: refused in production where they stand in for the secret or others can read them. */
export function checkSecretsInConfig(settings: Settings, problems: Problems): void {
  const wrong = (area: ProblemArea, what: string, hint: string) =>
    problems.error(area, new KeyturnError('secret_in_config', what, hint));
  for (const origin of settings.origins('security.signing_secret.secret')) {
    if (origin.layer === 'variable') continue;
    wrong(
      'signing_secret',
      `${origin.name} holds the signing secret, which production refuses`,
      `remove it there, make a new one with keyturn generate, and provide it as ${SECRET_VARIABLE} or ${SECRET_VARIABLE}_FILE`,
    );
  }
  for (const name of ['previous_secrets', 'next_secrets'] as const) {
    const setting = `security.signing_secret.${name}` as const;
    const move = `move it to ${variableOf(setting)}`;
    for (const { value, origin } of settings.values(setting)) {
      if (value.length === 0) continue;
      if (origin.layer === 'program')
        wrong('keyring', `${setting} stands in the program, where whoever reads its code can read it`, move);
      if (origin.layer === 'file' && othersCanRead(origin.path))
        wrong(
          'keyring',
          `${setting} stands in ${origin.name}, which others than its owner can read`,
          `${move}, or chmod 600 ${shellQuote(origin.name)}`,
        );
    }
  }
}

/** A file that has just vanished counts as open: who could read it is no longer known. */
function othersCanRead(path: string): boolean {
  const found = ownerOf(path);
  return found === undefined || bitsOfOthers(found.mode) !== 0;
}
