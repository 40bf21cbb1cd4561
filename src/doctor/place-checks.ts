// Checks of the places where secrets lie: who can read them, whether git has them, and whether they belong there.

import { SETTING_NAMES, SETTINGS, type SettingName, variableOf } from '../config/settings.js';
import { shellQuote } from '../config/shell-quote.js';
import type { Facts, SecretPlace } from './facts.js';
import { fail, type Point, pass, warn } from './finding.js';
import { hasPassword } from './places.js';

/** Only the owner may read a secret: 0600 for files, 0700 for the folder. */
export function fileModes(facts: Facts): readonly Point[] {
  const known = facts.secretPlaces.filter((place) => place.mode !== undefined);
  if (known.length === 0) return [pass('no file holds a secret, or this system has no file modes')];
  const production = facts.resolution.profile.profile === 'prod';
  const points = known.flatMap((place) => judgeMode(place, production));
  if (points.length > 0) return points;
  return [pass(`only the owner can read ${known.map((place) => place.name).join(', ')}`)];
}

const MOUNT_HINT =
  'mount it with mode 0400 (Docker: "mode", Kubernetes: "defaultMode"), where the user of the process can read it then';

function judgeMode(place: SecretPlace, production: boolean): readonly Point[] {
  const others = (place.mode ?? 0) & 0o077;
  // A platform hands its secrets over by group, which is as good as an owner.
  if (others === 0 || (place.mounted && (others & 0o007) === 0)) return [];
  const mode = (place.mode ?? 0).toString(8).padStart(4, '0');
  const what = `others than its owner can reach ${place.name} (mode ${mode})`;
  if (place.mounted) return [warn(what, MOUNT_HINT)];
  if (place.folder) return [warn(what, `chmod 700 ${shellQuote(place.name)}`)];
  const hint = `chmod 600 ${shellQuote(place.name)}`;
  return [production && !place.foreign ? fail(what, hint) : warn(what, hint)];
}

const NOT_CHECKED = {
  silent: warn('not checked: git did not answer in time', 'run the doctor again; does git status answer?'),
  refused: warn(
    'not checked: git does not look at this checkout, or cannot without fetching or running something',
    'see what git ls-files says, if you trust the checkout: it may belong to another user, or be broken',
  ),
};

/** A secret that git tracks is in every clone: that fails in every profile. */
export function git(facts: Facts): readonly Point[] {
  const { state, tracked, dataDirExposed } = facts.git;
  if (state === 'absent') return [pass('not checked: git is not installed here')];
  const points: Point[] = tracked.map((name) =>
    fail(
      `git tracks ${name}, which holds a secret: everybody with a copy of the repository has it`,
      `git rm --cached ${shellQuote(name)}, ignore it, and replace the secret: its history keeps the old one`,
    ),
  );
  if (state === 'silent' || state === 'refused') points.push(NOT_CHECKED[state]);
  const { name } = facts.dataDir;
  if (dataDirExposed) points.push(warn(`no rule makes git ignore ${name}`, `add ${name}/ to .gitignore`));
  if (points.length > 0) return points;
  return [pass(state === 'none' ? 'this folder is in no git checkout' : 'git tracks no file with a secret')];
}

const IN_FILES: readonly SettingName[] = SETTING_NAMES.filter(
  (name) => SETTINGS[name].secret === true && SETTINGS[name].variableOnly !== true,
);

/** Of the URL of an engine only its password is one. */
function holdsSecret(name: SettingName, value: unknown): boolean {
  return !name.endsWith('.url') || hasPassword(String(value));
}

/** Secrets written into a configuration file. */
export function secretInConfig(facts: Facts): readonly Point[] {
  const { settings, profile } = facts.resolution;
  const points: Point[] = [];
  for (const name of IN_FILES) {
    for (const { value, origin } of settings.values(name)) {
      if (origin.layer !== 'file' || !holdsSecret(name, value)) continue;
      const what = `${name} stands in ${origin.name}, a file that is easily committed`;
      const hint = `move it to ${variableOf(name)}`;
      const refused = profile.profile === 'prod' && name === 'security.signing_secret.secret';
      points.push(refused ? fail(what, hint) : warn(what, hint));
    }
  }
  for (const [name, { secrets = [], secretsFrom }] of settings.moveIn) {
    if (secretsFrom?.layer !== 'file' || !secrets.some(({ text }) => text !== undefined)) continue;
    const what = `an old secret of move_in.${name} stands in ${secretsFrom.name}, a file that is easily committed`;
    points.push(warn(what, 'name the variable that holds it: secrets = [{ env = "SESSION_SECRET" }]'));
  }
  return points.length > 0 ? points : [pass('no configuration file holds a secret')];
}
