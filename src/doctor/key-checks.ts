// Checks of the keys: the signing secret, the other keys of the ring, and the source they come from.

import { join } from 'node:path';
import { SECRET_VARIABLE, variableOf } from '../config/settings.js';
import { shellQuote } from '../config/shell-quote.js';
import { count } from '../printable.js';
import type { ProblemArea } from '../resolve/problem.js';
import { takeAwayInWords } from '../rotation/refusals.js';
import type { Facts } from './facts.js';
import { fail, type Point, pass, warn } from './finding.js';

const FILE_VARIABLE = variableOf('security.signing_secret.file');

/** What the resolver found wrong in one area: what stops a boot fails, what a boot warns of warns. */
export function problemsOf(facts: Facts, area: ProblemArea): readonly Point[] {
  return problemsIn(facts, area).map(({ severity, error }) =>
    severity === 'error' ? fail(error.message, error.hint) : warn(error.message, error.hint),
  );
}

const problemsIn = ({ resolution }: Facts, area: ProblemArea) =>
  resolution.problems.filter((problem) => problem.area === area);

/** The key that signs. */
export function signingSecret(facts: Facts): readonly Point[] {
  const points = [...problemsOf(facts, 'signing_secret'), ...onWordlist(facts, true)];
  const { source, keyring, profile, settings } = facts.resolution;
  if (points.some((found) => found.status === 'fail')) return points;
  if (source === undefined || source.kind === 'development-file') {
    const file = `${facts.dataDir.name}/secret`;
    const own =
      source !== undefined
        ? `the one that an earlier start made is in use (${file})`
        : settings.get('security.signing_secret.dev_secret') === 'ephemeral'
          ? 'a start makes one in memory, and a restart signs everybody out'
          : `a start makes one and keeps it in ${file}`;
    const hint = `for a server, set ${SECRET_VARIABLE} to the output of "keyturn generate"`;
    return [...points, warn(`none is configured: ${own}; fine for development`, hint)];
  }
  if (points.length > 0) return points;
  const rules = profile.profile === 'prod' ? 'production accepts it' : 'strong enough for production';
  return [pass(`${source.name}: ${rules} (key ${keyring?.active.id})`)];
}

/** Every key of the ring, with what the resolver found wrong with those that do not sign. */
export function keyring(facts: Facts): readonly Point[] {
  const points = [...problemsOf(facts, 'keyring'), ...onWordlist(facts, false)];
  const ring = facts.resolution.keyring;
  if (ring === undefined) {
    const broken = facts.resolution.problems.some((problem) => problem.severity === 'error');
    if (broken) return [...points, warn('there is none; see the other checks')];
    return [...points, pass('there is none yet: the first start makes it')];
  }
  const keys = ring.keys.map((key) => `${key.id} ${key.state}`).join(', ');
  if (facts.resolution.settings.get('security.keyring.store') !== undefined) {
    const seals = ring.keys.length === 1 ? 'seals' : 'seal';
    return [
      ...points,
      pass(`${count(ring.keys.length, 'secret')}, which ${seals} the shared keyring: ${keys}`),
    ];
  }
  const all = `${count(ring.keys.length, 'key')}: ${keys}`;
  return [...points, pass(`${all}; generation ${ring.generation}, fingerprint ${ring.fingerprint}`)];
}

/** Keys that are in the operator's word list. The lines are not repeated. */
function onWordlist(
  { wordlist, resolution: { keyring, profile } }: Facts,
  ofActive: boolean,
): readonly Point[] {
  if (wordlist === undefined) return [];
  if (wordlist.found.size === 0 && !ofActive) {
    return [pass(`no secret is in ${wordlist.name} (${count(wordlist.lines, 'line')})`)];
  }
  return [...wordlist.found]
    .filter((id) => (id === keyring?.active.id) === ofActive)
    .map((id) => {
      const what = `the secret of the key ${id} is in ${wordlist.name}: whoever has that list can forge what it signs`;
      const hint = 'rotate away from it (keyturn rotate), or revoke it if it has been in production';
      return profile.profile === 'prod' ? fail(what, hint) : warn(what, hint);
    });
}

/** What a source holds, in words. */
export const FORMATS = { secret: 'one secret', array: 'an array of secrets', document: 'a keyring document' };

/** A document is what steps change: it stays, unless it lacks the keys in force. */
function whichToKeep(
  { resolution, hiddenDocument }: Facts,
  { name, path }: { name: string; path?: string },
): string {
  if (path === undefined || path !== hiddenDocument?.path)
    return `take one of the two away: what is changed in ${name} has no effect`;
  const { takeAway } = hiddenDocument;
  if (takeAway.length === 0)
    return `keep ${resolution.source?.name}, whose keys are in force, and move ${name} away: it does not hold them all`;
  return `keep ${name}, which holds the same keys and has safe steps: ${takeAwayInWords(takeAway)}`;
}

/** Where the keys come from, and what that source hides. */
export function source(facts: Facts): readonly Point[] {
  const { source: inForce, hidden, profile, dataDir, secretFile } = facts.resolution;
  const { name, secret, document } = facts.dataDir;
  const points = [
    ...problemsOf(facts, 'source'),
    pass(
      inForce === undefined ? 'none is in force' : `${inForce.name} is in force: ${FORMATS[inForce.format]}`,
    ),
  ];
  for (const other of hidden) {
    if (other.kind === 'development-file')
      points.push(pass(`${name}/secret, made by an earlier start, is not used`));
    else points.push(warn(`${inForce?.name} hides ${other.name}`, whichToKeep(facts, other)));
  }
  // What is configured and cannot be used is to be mended: another place would sign everybody out.
  const lacks = (code: string) => code === 'secret_missing';
  if (inForce === undefined && !problemsIn(facts, 'signing_secret').every(({ error }) => lacks(error.code)))
    return points;
  if (secret && profile.profile === 'prod' && inForce === undefined) {
    const what = `${name}/secret is there, and production does not use it by itself`;
    points.push(warn(what, `to use it, set ${FILE_VARIABLE}=${shellQuote(`${name}/secret`)}`));
  }
  const path = join(dataDir, 'keyring.json');
  const used = [inForce, ...hidden].some((other) => other?.path === path) || secretFile === path;
  if (document && !used) {
    const hint = `set file = "${name}/keyring.json" under [security.signing_secret] in keyturn.toml; or keep it elsewhere, since what it holds may be in use`;
    points.push(warn(`${name}/keyring.json is there, and nothing names it`, hint));
  }
  return points;
}
