// What a start says that nobody has prepared: rules that were inferred, a secret that was made, a file that is there and does
// not count. No server in order loads it.
import { misnamedConfigs } from '../config/misnamed.js';
import { PROFILE_WORDS, type ProfileDecision } from '../config/profile.js';
import { isThere } from '../disk/read.js';
import type { Resolution } from '../resolve/resolve.js';
import type { Logger } from '../runtime/log.js';

export function logInferredProfile(profile: ProfileDecision, logger: Logger): void {
  if (!profile.inferred) return;
  const { profile: name, signal, against } = profile;
  const facts = { event: 'profile.inferred', profile: name, signal, against };
  const but = against === undefined ? '' : `, and yet ${against}`;
  // On a server a variable that was forgotten in its image would bring these rules.
  const cure = against === undefined ? `${name} to settle it` : 'prod on a server';
  const said = `${PROFILE_WORDS[name]} rules apply: ${signal}${but}; set KEYTURN_ENV=${cure}`;
  if (name === 'dev' || against !== undefined) logger.warn(facts, said);
  else logger.info(facts, said);
}

/** What is not read although somebody means it to be. */
export async function logMisnamed({ place }: Resolution, logger: Logger): Promise<void> {
  for (const { what, hint } of await misnamedConfigs(place.config))
    logger.warn({ event: 'configuration.doubtful', code: 'config_unknown_key', hint }, what);
}

/** Where the keys come from, as far as somebody may not expect it. */
export function logSource(resolution: Resolution, logger: Logger): void {
  logCreatedSecret(resolution, logger);
  logHidden(resolution, logger);
}

function logCreatedSecret({ source }: Resolution, logger: Logger): void {
  if (source?.created !== true) return;
  const kept =
    source.kind === 'development-file'
      ? `and keeps it in ${source.name}`
      : 'and keeps it in memory: a restart signs everybody out';
  logger.info(
    { event: 'secret.created', source: source.name },
    `development makes its own signing secret ${kept}`,
  );
}

/** A file with keys that is there and not in force: a step that somebody takes on it would have no effect. */
function logHidden({ source, hidden }: Resolution, logger: Logger): void {
  for (const { kind, name, path } of hidden) {
    // What an earlier start has made nobody means. A file that is not there is for other machines, as where the
    // configuration is committed and a variable takes the place of what it names.
    if (kind !== 'file' || path === undefined || !isThere(path)) continue;
    const hint = 'keep one of the two: the check "source" of keyturn doctor says which';
    const facts = { event: 'keyring.hidden', source: source?.name, hides: name, path, hint };
    logger.warn(facts, `${source?.name} hides ${path}: the keys there are not in force`);
  }
}
