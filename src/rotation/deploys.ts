// Rotation where the secret lives only in variables: Keyturn cannot change them, so it says what to deploy.
//
// Three deploys: the new secret verifies everywhere, then it signs, then the old one goes. The old value is never
// printed; the operator has it, in the variable it is in now.
import type { Settings } from '../config/layers.js';
import { variableOf } from '../config/settings.js';
import type { TransitionFacts } from '../keyring/step-facts.js';
import { safeToRetireAt } from '../keyring/waits.js';
import type { Resolution } from '../resolve/resolve.js';

/** How far a rotation by variables has come: how many of the three deploys this process has seen. */
export type DeployStage = 0 | 1 | 2;

/** What one variable becomes. */
export interface VariableChange {
  readonly variable: string;
  /** `new`: the new secret. `former`: what the signing secret is now. `removed`: unset it. */
  readonly becomes: 'new' | 'former' | 'removed';
}

export interface Deploy {
  readonly number: 1 | 2 | 3;
  readonly what: string;
  readonly changes: readonly VariableChange[];
  /** When it may follow, in words. */
  readonly wait: string;
  /** So long after that, in seconds: until the last token of the former secret has expired. */
  readonly grace: number;
}

const SECRET = 'security.signing_secret.secret';
const PREVIOUS = 'security.signing_secret.previous_secrets';
const NEXT = 'security.signing_secret.next_secrets';

/** Whether the secret in force is a single one with companions, which only a deploy can change. */
export function livesInVariables({ source }: Resolution): boolean {
  return (
    source?.format === 'secret' &&
    (source.kind === 'variable' || source.kind === 'file' || source.kind === 'command')
  );
}

/** Which of the three deploys this process is in. */
export function deployStage(settings: Settings): DeployStage {
  if (settings.get(NEXT).length > 0) return 1;
  return settings.get(PREVIOUS).length > 0 ? 2 : 0;
}

/** The three deploys of a rotation, with how long to wait between them. */
export function deploysOf(resolution: Resolution, facts: TransitionFacts): readonly Deploy[] {
  const secret = placeOf(resolution);
  const ring = resolution.keyring;
  // If it stopped signing now, its last token would have expired after so long.
  const grace =
    ring === undefined
      ? 0
      : (safeToRetireAt(ring.active, { ...facts, replicas: [] }) -
          (ring.active.dates.retiring ?? facts.now)) /
        1000;
  return [
    {
      number: 1,
      what: 'the new secret verifies everywhere, and signs nowhere yet',
      changes: [{ variable: variableOf(NEXT), becomes: 'new' }],
      wait: 'at once',
      grace: 0,
    },
    {
      number: 2,
      what: 'the new secret signs, and the former one goes on verifying',
      changes: [
        { variable: secret, becomes: 'new' },
        { variable: variableOf(PREVIOUS), becomes: 'former' },
        { variable: variableOf(NEXT), becomes: 'removed' },
      ],
      wait: 'when every replica runs with deploy 1',
      grace: 0,
    },
    {
      number: 3,
      what: 'the former secret goes',
      changes: [{ variable: variableOf(PREVIOUS), becomes: 'removed' }],
      wait: 'when every replica runs with deploy 2 and the last token of the former secret has expired',
      grace: Math.ceil(grace),
    },
  ];
}

/** Where the signing secret is changed: its variable, or the file that holds it. */
function placeOf({ source }: Resolution): string {
  if (source?.kind === 'file' && source.path !== undefined) return source.path;
  return source?.kind === 'command' ? `what ${source.name} prints` : variableOf(SECRET);
}
