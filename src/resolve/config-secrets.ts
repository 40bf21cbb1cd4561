// Secrets that stand in configuration files, or in the program. Looked for where there are any of those.

import { stat } from 'node:fs/promises';
import type { Settings } from '../config/layers.js';
import { variableOf } from '../config/settings.js';
import { shellQuote } from '../config/shell-quote.js';
import { KeyturnError } from '../errors.js';
import type { Problems } from './problem.js';

/** Where an operator puts a production secret. */
const SECRET_VARIABLE: string = variableOf('security.signing_secret.secret');

/** Secrets in configuration files: refused in production where they stand in for the secret or others can read them. */
export async function checkSecretsInConfig(settings: Settings, problems: Problems): Promise<void> {
  for (const origin of settings.origins('security.signing_secret.secret')) {
    if (origin.layer === 'variable') continue;
    problems.error(
      'signing_secret',
      new KeyturnError(
        'secret_in_config',
        `${origin.name} holds the signing secret, which production refuses`,
        `remove it there, make a new one with keyturn generate, and provide it as ${SECRET_VARIABLE} or ${SECRET_VARIABLE}_FILE`,
      ),
    );
  }
  for (const setting of [
    'security.signing_secret.previous_secrets',
    'security.signing_secret.next_secrets',
  ] as const) {
    for (const { value, origin } of settings.values(setting)) {
      if (value.length === 0) continue;
      if (origin.layer === 'program') {
        const hint = `move it to ${variableOf(setting)}`;
        const what = `${setting} stands in the program, where whoever reads its code can read it`;
        problems.error('keyring', new KeyturnError('secret_in_config', what, hint));
      }
      if (origin.layer !== 'file') continue;
      // A file that has just vanished counts as open: who could read it is no longer known.
      const mode = await stat(origin.path).then(
        (stats) => stats.mode,
        () => 0o777,
      );
      if ((mode & 0o077) !== 0) problems.error('keyring', secretsInTheOpen(setting, origin.name));
    }
  }
}

function secretsInTheOpen(
  setting: 'security.signing_secret.previous_secrets' | 'security.signing_secret.next_secrets',
  where: string,
): KeyturnError {
  return new KeyturnError(
    'secret_in_config',
    `${setting} stands in ${where}, which others than its owner can read`,
    `move it to ${variableOf(setting)}, or chmod 600 ${shellQuote(where)}`,
  );
}
