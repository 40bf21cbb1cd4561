// What a start logs: which rules apply, which keys from where, and what is doubtful.
import type { Settings } from '../config/layers.js';
import type { KeyturnError } from '../errors.js';
import { writeToStderr } from '../resolve/machine.js';
import type { Resolution } from '../resolve/resolve.js';
import { type Logger, sanitizedLogger, textLogger } from '../runtime/log.js';

/** The logger of the app, or one that writes lines on standard error. */
export function loggerFor(given: Logger | undefined, settings: Settings): Logger {
  return given === undefined ? textLogger(settings.get('log.level'), writeToStderr) : sanitizedLogger(given);
}

/** Whoever finds out in development has the line at hand, and not a server that does not start. */
export function warnOfProduction({ code, message, hint }: KeyturnError, logger: Logger): void {
  logger.warn({ event: 'production.refuses', code, hint }, `production will refuse this: ${message}`);
}

/** Says at start what an operator wants to know: which rules, which keys from where, and what is doubtful. */
export async function logStart(resolution: Resolution, logger: Logger): Promise<void> {
  const { profile, source, keyring, hidden, configFiles } = resolution;
  // Where a profile has no file of its own, one may be there under another name.
  const isUnusual = profile.inferred || source?.created || hidden.length > 0 || configFiles.length === 1;
  const rare = isUnusual ? await import('./unusual-log.js') : undefined;
  rare?.logInferredProfile(profile, logger);
  logger.info(
    { event: 'configuration.read', files: configFiles },
    configFiles.length === 0
      ? `no configuration file is read: there is none in ${resolution.cwd}`
      : `configuration is read from ${configFiles.join(', ')}`,
  );
  await rare?.logMisnamed(resolution, logger);
  for (const { error } of resolution.problems) {
    logger.warn({ event: 'configuration.doubtful', code: error.code, hint: error.hint }, error.message);
  }
  for (const { name, phase, until } of resolution.movingIn.values())
    logger.info({ event: 'move_in', name, phase, until }, `move_in.${name} is in the phase ${phase}`);
  rare?.logSource(resolution, logger);
  if (keyring !== undefined) {
    logger.info(
      {
        event: 'keyring.loaded',
        source: source?.name,
        count: keyring.keys.length,
        kids: keyring.keys.map((key) => `${key.id}:${key.state}`),
      },
      resolution.settings.get('security.keyring.store') === undefined
        ? 'the keyring is loaded'
        : 'the secret is loaded that opens the shared keyring',
    );
  }
}
