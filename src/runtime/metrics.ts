// The counters of one process in the text format of Prometheus.

import type { MovingIn } from '../resolve/move-in.js';
import type { StoreState } from '../sessions/stores/reachable.js';
import type { Usage } from '../signing/usage.js';
import type { RingHealth } from './health.js';
import { oldSecretsSeen } from './old-secrets.js';

/** @param now milliseconds since 1970 */
export function formatMetrics(
  health: RingHealth & { readonly sessions: StoreState | undefined },
  usage: Usage,
  movingIn: ReadonlyMap<string, MovingIn>,
  now: number,
): string {
  const lines: string[] = [];
  const metric = (
    name: string,
    type: 'counter' | 'gauge',
    about: string,
    values: ReadonlyArray<readonly [labels: Readonly<Record<string, string>>, value: number]>,
  ) => {
    if (values.length === 0) return;
    lines.push(`# HELP keyturn_${name} ${about}`, `# TYPE keyturn_${name} ${type}`);
    for (const [labels, value] of values) lines.push(`keyturn_${name}${format(labels)} ${value}`);
  };
  const { refusals } = usage;
  // A key that is gone would keep its series for ever, and there is one for every rotation.
  const keys = health.keys.filter(({ state }) => state !== 'retired' && state !== 'revoked');
  const uses = usage.uses.filter(({ kid }) => keys.some(({ id }) => id === kid));
  const seconds = (at: number) => Math.floor(at / 1000);
  metric('ready', 'gauge', '1 when requests should be sent here', [[{}, Number(health.ready)]]);
  metric('degraded', 'gauge', '1 when an older keyring is in force than the source holds', [
    [{}, Number(health.degraded !== undefined)],
  ]);
  if (health.lostLines !== undefined)
    metric('engine_lines_lost_total', 'counter', 'connections lost that bring news of a shared keyring', [
      [{}, health.lostLines],
    ]);
  metric('keyring_generation', 'gauge', 'generation of the keyring in force', [
    [{ fingerprint: health.fingerprint ?? 'none' }, health.generation],
  ]);
  metric('keyring_age_seconds', 'gauge', 'since the keyring in force was loaded', [
    [{}, seconds(now) - seconds(health.loadedAt)],
  ]);
  metric(
    'key_info',
    'gauge',
    'the live keys of the keyring and their states',
    keys.map(({ id, state }) => [{ kid: id, state }, 1]),
  );
  const verified = uses.filter((use) => use.verified > 0);
  const signed = uses.filter((use) => use.signed > 0);
  const of = ({ kid, purpose }: (typeof uses)[number]) => ({ kid, purpose });
  metric(
    'tokens_verified_total',
    'counter',
    'tokens accepted, by key and purpose',
    verified.map((use) => [of(use), use.verified]),
  );
  metric(
    'tokens_signed_total',
    'counter',
    'tokens signed, by key and purpose',
    signed.map((use) => [of(use), use.signed]),
  );
  metric(
    'key_last_verified_seconds',
    'gauge',
    'when a token was last accepted, by key and purpose, since 1970',
    verified.map((use) => [of(use), seconds(use.verifiedAt)]),
  );
  metric(
    'tokens_refused_total',
    'counter',
    'tokens refused, by purpose and reason',
    refusals.map(({ purpose, reason, count }) => [{ purpose, reason }, count]),
  );
  const old = oldSecretsSeen(movingIn, usage);
  metric(
    'old_secrets_verified_total',
    'counter',
    'cookies and tokens accepted that a secret from before Keyturn has signed, by library',
    old.map(({ name, phase, seen }) => [{ name, phase }, seen]),
  );
  metric(
    'old_secrets_last_verified_seconds',
    'gauge',
    'when the last of them was accepted, since 1970',
    old.filter(({ seen }) => seen > 0).map(({ name, phase, seenAt }) => [{ name, phase }, seconds(seenAt)]),
  );
  // Nothing where sessions need no engine.
  if (health.sessions !== undefined) {
    const up = Number(health.sessions !== 'unreachable');
    const writable = Number(health.sessions === 'ok');
    metric('session_store_up', 'gauge', '1 while sessions can be read', [[{}, up]]);
    metric('session_store_writable', 'gauge', '1 while sessions can be begun, changed and ended', [
      [{}, writable],
    ]);
  }
  return `${lines.join('\n')}\n`;
}

/** Label values are ids and names of ours; quotes and line ends are escaped all the same. */
function format(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
