// The refusal to start without a secret: why production rules apply, and the cure that is right for where this runs.

import { join } from 'node:path';
import type { ProfileDecision } from '../config/profile.js';
import { productionHint } from '../config/profile-hints.js';
import { SECRET_VARIABLE } from '../config/settings.js';
import { shellQuote } from '../config/shell-quote.js';
import { buildScript } from '../config/surroundings.js';
import { isThere } from '../disk/read.js';
import { KeyturnError } from '../errors.js';
import { holdsSource, type UnloadedFile, unloadedInWords } from './env-files.js';
import type { Machine } from './machine.js';

const PROVIDE = `set ${SECRET_VARIABLE} to the output of "keyturn generate", or ${SECRET_VARIABLE}_FILE to a file that holds it`;

export function missingSecret(
  profile: ProfileDecision,
  env: Machine['env'],
  dataDir: string,
  unloaded?: UnloadedFile | undefined,
): KeyturnError {
  const what = `no signing secret is configured, and production rules apply: ${profile.signal}`;
  const document = join(dataDir, 'keyring.json');
  // The file that names it was left out of a deploy, say. A new secret beside it would sign everybody out.
  if (isThere(document))
    return new KeyturnError(
      'secret_missing',
      `${what}; ${document} is there, and nothing names it`,
      `set ${SECRET_VARIABLE}_FILE=${shellQuote(document)}, or file under [security.signing_secret] as keyturn init wrote it`,
    );
  if (unloaded === undefined) return new KeyturnError('secret_missing', what, cure(profile, env));
  const file = unloadedInWords(unloaded);
  const otherwise = holdsSource(unloaded) ? '' : `; for a server, ${PROVIDE}`;
  return new KeyturnError('secret_missing', `${what}; ${file.what}`, `${file.hint}${otherwise}`);
}

/** Development makes its own secret, and somebody means another one to be in force. */
export function envFileNotLoaded(unloaded: UnloadedFile): KeyturnError {
  const { what, hint } = unloadedInWords(unloaded);
  return new KeyturnError('env_file_not_loaded', `${what}: another secret is in force`, hint);
}

function cure(profile: ProfileDecision, env: Machine['env']): string {
  const build = buildScript(env);
  if (build !== undefined)
    return `a build needs no secret, and what it makes must not hold one: if this is a build, set KEYTURN_BUILD=1 for the script "${build}" alone; where the app runs, ${PROVIDE}`;
  const otherwise = productionHint(profile, env);
  return otherwise === undefined ? PROVIDE : `${otherwise}; on a server, ${PROVIDE}`;
}
