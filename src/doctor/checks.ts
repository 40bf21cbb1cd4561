// Every check there is, in the order of the report. A check is a pure function over the facts.

import { PROFILE_WORDS } from '../config/profile.js';
import { intendedProfile } from '../config/profile-hints.js';
import { SETTING_NAMES, type SettingName } from '../config/settings.js';
import { formatDuration } from '../config/value.js';
import { describeFailure } from '../engines/failure.js';
import { KeyturnError } from '../errors.js';
import { count } from '../printable.js';
import { unusedBuiltIn, unusedInWords, withoutUnused } from '../rotation/unused.js';
import { AEAD_PACKAGE } from '../signing/sealer-unavailable.js';
import type { Check, Facts } from './facts.js';
import { type Finding, fail, finding, type Point, pass, warn } from './finding.js';
import { keyring, problemsOf, signingSecret, source } from './key-checks.js';
import { neighbours } from './neighbour-checks.js';
import { fileModes, git, secretInConfig } from './place-checks.js';
import { fleet, rotation } from './ring-checks.js';
import { sharedKeyring } from './shared-checks.js';

/** `docs/doctor.md` has a section for each; a test compares the names. */
export const CHECKS: Readonly<Record<string, Check>> = {
  profile,
  configuration,
  settings,
  signing_secret: signingSecret,
  keyring,
  shared_keyring: sharedKeyring,
  source,
  secret_in_config: secretInConfig,
  file_modes: fileModes,
  git,
  session_backend: sessionBackend,
  neighbours,
  purposes,
  sealing,
  rotation,
  fleet,
};

export function judgeAll(facts: Facts): readonly Finding[] {
  return Object.entries(CHECKS).map(([name, check]) => finding(name, check(facts)));
}

function profile(facts: Facts): readonly Point[] {
  const problems = problemsOf(facts, 'profile');
  const decision = facts.resolution.profile;
  if (problems.some(({ status }) => status === 'fail')) return problems;
  const signal = decision.by === 'caller' ? `--env ${decision.profile} says so` : decision.signal;
  const rules = `${PROFILE_WORDS[decision.profile]} rules apply: ${signal}`;
  const meant = decision.by === 'NODE_ENV' ? intendedProfile(facts.node ?? '') : undefined;
  if (decision.profile === 'prod' && meant !== undefined) {
    const hint = `if NODE_ENV was meant to be "${meant}", write it so; on a server set KEYTURN_ENV=prod`;
    return [...problems, warn(rules, hint)];
  }
  if (!decision.inferred) return [...problems, pass(rules)];
  const { against } = decision;
  const yet = against === undefined ? '' : `, and yet ${against}`;
  const hint = `set KEYTURN_ENV=${against === undefined ? decision.profile : 'prod'} where the app runs, so that it is not inferred`;
  return [...problems, warn(`${rules} (inferred)${yet}`, hint)];
}

function configuration(facts: Facts): readonly Point[] {
  const problems = problemsOf(facts, 'configuration');
  if (problems.length > 0) return problems;
  const variables = new Set(
    SETTING_NAMES.flatMap((name) => facts.resolution.settings.origins(name))
      .filter((origin) => origin.layer === 'variable')
      .map((origin) => origin.name),
  );
  const layers = [
    'built-in defaults',
    ...facts.configFiles,
    ...(variables.size === 0 ? [] : [count(variables.size, 'variable')]),
  ];
  const { elsewhere } = facts;
  return [
    ...(elsewhere === undefined ? [] : [warn(elsewhere.what, elsewhere.hint)]),
    ...facts.misnamed.map(({ what, hint }) => warn(what, hint)),
    pass(`${layers.join(', ')}; later ones win`),
  ];
}

/** Where every value comes from that is not built in. No values: a secret may have been put anywhere. */
function settings(facts: Facts): readonly Point[] {
  const { settings: all } = facts.resolution;
  const line = (name: SettingName) => {
    const [last, ...lower] = all
      .origins(name)
      .filter((origin) => origin.layer !== 'built-in')
      .map((origin) => origin.name)
      .reverse();
    if (last === undefined) return [];
    return [`${name} <- ${last}${lower.length === 0 ? '' : ` (over ${lower.join(', ')})`}`];
  };
  const lines = [
    ...SETTING_NAMES.flatMap(line),
    ...[...all.purposes].map(([name, said]) => `purposes.${name} <- ${said.origin.name}`),
  ];
  return [pass(lines.length === 0 ? 'every value is the built-in one' : lines.join('\n'))];
}

function sessionBackend({ resolution, sessionEngine: engine }: Facts): readonly Point[] {
  const production = resolution.profile.profile === 'prod';
  const trouble = production ? fail : warn;
  if (engine instanceof KeyturnError) return [fail(engine.message, engine.hint)];
  if (engine?.away !== undefined) {
    const away = `${engine.place} ${describeFailure(engine.away)}: requests with a session get 503`;
    return [trouble(away, engine.away.hint)];
  }
  if (engine?.readOnly !== undefined) {
    const { why, hint } = engine.readOnly;
    const what = `${engine.place} takes no writes (${why}): sessions can be read, and nobody can sign in or out`;
    return [trouble(what, hint)];
  }
  if (engine !== undefined) return [pass(`${engine.place}: every replica reads and saves there`)];
  if (resolution.settings.get('session.backend') === 'cookie') {
    return [pass('cookie: of two responses to one browser the last wins, and every replica reads it')];
  }
  if (!production) return [pass('memory: sessions end with the process')];
  const hint =
    'set session.backend to "redis", "postgres" or "cookie", or run one process and accept the loss';
  return [warn('memory: a restart ends every session, and replicas do not share them', hint)];
}

function purposes(facts: Facts): readonly Point[] {
  if (facts.purposes instanceof KeyturnError) return [fail(facts.purposes.message, facts.purposes.hint)];
  const all = facts.purposes.all.map(({ name, maxAge }) => `${name} ${formatDuration(maxAge)}`);
  const points = [pass(`${all.length}, with their longest lifetimes: ${all.join(', ')}`)];
  const heard =
    facts.ring === undefined || facts.ring instanceof KeyturnError ? [] : facts.ring.status.replicas;
  const unused = unusedBuiltIn(facts.purposes, facts.resolution.settings, heard);
  // Nothing is wrong: they wait for longer than they need to.
  return unused === undefined ? points : [...points, pass(unusedInWords(unused), withoutUnused(unused))];
}

/** Every start is refused where a purpose is declared sealed and nothing can seal. */
function sealing({ purposes: registry, sealingFails }: Facts): readonly Point[] {
  if (sealingFails !== undefined) return [fail(sealingFails.message, sealingFails.hint)];
  const sealed = registry instanceof KeyturnError ? [] : registry.all.filter((purpose) => purpose.sealed);
  if (sealed.length === 0) return [pass('no purpose is declared sealed')];
  return [pass(`${sealed.map(({ name }) => name).join(', ')}: the package ${AEAD_PACKAGE} is there`)];
}
