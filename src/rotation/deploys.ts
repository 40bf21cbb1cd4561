// Rotation where the secret lives outside of any keyring: Keyturn cannot change it there, so it says what to deploy.
//
// Three deploys: the new secret verifies everywhere, then it signs, then the old one goes. What each of them changes
// depends on how a value gets to the replicas. Variables reach them one after another, each with all that belongs to
// it. A file, and what a command prints, change for all at once, under replicas whose variables are still those of
// before: so whatever makes a secret verify must be there with it, in one array. test/rotation/deploys.package.test.ts
// plays every plan through. The old value is never printed; the operator has it, where it is now.
import type { Settings } from '../config/layers.js';
import { variableOf } from '../config/settings.js';
import type { TransitionFacts } from '../keyring/step-facts.js';
import { safeToRetireAt } from '../keyring/waits.js';
import type { Resolution } from '../resolve/resolve.js';

/** How far a rotation by deploys has come: how many of the three this process has seen. */
export type DeployStage = 0 | 1 | 2;

/** The secrets of a JSON array, in their order. `old` is the one that signs before the second deploy. */
type ArrayOfSecrets = ReadonlyArray<'old' | 'new'>;

/** What one variable becomes, or another place of secrets. */
export interface VariableChange {
  /** A variable, the path of a file, or what a command prints. */
  readonly variable: string;
  /**
   * `new`: the new secret. `former`: what the signing secret is now. `former-first`: the same, before what the variable
   * holds now. `removed`: unset it.
   */
  readonly becomes: 'new' | 'former' | 'former-first' | 'removed' | ArrayOfSecrets;
}

/** One of the three deploys of a rotation by variables. */
export interface Deploy {
  /** Which of the three. */
  readonly number: 1 | 2 | 3;
  /** What it brings about. */
  readonly what: string;
  /** What to set and to unset. */
  readonly changes: readonly VariableChange[];
  /** When it may follow, in words. */
  readonly wait: string;
  /**
   * So long after that, in seconds: until the last token of the former secret has expired. Undefined where a program may
   * give tokens a longer life than can be known here.
   */
  readonly grace: number | undefined;
}

const SECRET = 'security.signing_secret.secret';
const PREVIOUS = 'security.signing_secret.previous_secrets';
const NEXT = 'security.signing_secret.next_secrets';

/** Whether the keys in force are a secret, or what a command prints, which only a deploy can change. */
export function rotatesByDeploys({ source }: Resolution): boolean {
  if (source?.kind === 'command') return source.format !== 'document';
  return source?.format === 'secret' && (source.kind === 'variable' || source.kind === 'file');
}

/** Which of the three deploys this process is in; undefined where the order of an array alone would have to tell. */
export function deployStage({ settings, source, keyring }: Resolution): DeployStage | undefined {
  if (settings.get(NEXT).length > 0) return 1;
  if (source?.format === 'array') return keyring?.live.length === 1 ? 0 : undefined;
  return settings.get(PREVIOUS).length > 0 ? 2 : 0;
}

/**
 * The three deploys of a rotation, with how long to wait between them.
 *
 * @param lifetimesKnown whether no token can live longer than the facts say
 */
export function deploysOf(
  resolution: Resolution,
  facts: TransitionFacts,
  lifetimesKnown: boolean,
): readonly Deploy[] {
  const { changes, runs } = planOf(resolution);
  return [
    {
      number: 1,
      what: 'the new secret verifies everywhere, and signs nowhere yet',
      changes: changes[0],
      wait: 'at once',
      grace: 0,
    },
    {
      number: 2,
      what: 'the new secret signs, and the former one goes on verifying',
      changes: changes[1],
      wait: `when every replica ${runs} deploy 1`,
      grace: 0,
    },
    {
      number: 3,
      what: 'the former secret is taken away',
      changes: changes[2],
      wait: `when every replica ${runs} deploy 2 and the last token of the former secret has expired`,
      grace: lifetimesKnown ? graceOf(resolution, facts) : undefined,
    },
  ];
}

/** If the key that signs stopped now, its last token would have expired after so many seconds. */
function graceOf({ keyring }: Resolution, facts: TransitionFacts): number {
  if (keyring === undefined) return 0;
  const safeAt = safeToRetireAt(keyring.active, { ...facts, replicas: [] });
  return Math.ceil((safeAt - (keyring.active.dates.retiring ?? facts.now)) / 1000);
}

type Changes = readonly VariableChange[];

interface Plan {
  readonly changes: readonly [first: Changes, second: Changes, third: Changes];
  /** "every replica … deploy 1" */
  readonly runs: string;
}

function planOf(resolution: Resolution): Plan {
  const { source } = resolution;
  if (source?.kind === 'command') return planOfCommand(resolution, `what ${source.name} prints`);
  if (source?.kind === 'file' && source.path !== undefined)
    return planOfFile(source.path, resolution.settings);
  return planOfVariables(resolution);
}

/** A replica has all variables of a deploy, or none of them. */
function planOfVariables({ settings }: Resolution): Plan {
  const former = settings.get(PREVIOUS).length === 0 ? 'former' : 'former-first';
  return {
    runs: 'runs with',
    changes: [
      [{ variable: variableOf(NEXT), becomes: 'new' }],
      [
        { variable: variableOf(SECRET), becomes: 'new' },
        { variable: variableOf(PREVIOUS), becomes: former },
        { variable: placeOf(settings, NEXT), becomes: 'removed' },
      ],
      [{ variable: placeOf(settings, PREVIOUS), becomes: 'removed' }],
    ],
  };
}

/** Where a companion stands: its variable, unless a file has it. */
function placeOf(settings: Settings, name: typeof PREVIOUS | typeof NEXT): string {
  const origin = settings.origin(name);
  return origin?.layer === 'file' ? `${name} in ${origin.name}` : variableOf(name);
}

/** Running processes follow the file, whatever their variables are: the variable stays until it no longer matters. */
function planOfFile(path: string, settings: Settings): Plan {
  return {
    runs: 'runs with',
    changes: [
      [{ variable: variableOf(NEXT), becomes: 'new' }],
      [{ variable: path, becomes: ['new', 'old'] }],
      [
        { variable: path, becomes: ['new'] },
        { variable: placeOf(settings, NEXT), becomes: 'removed' },
      ],
    ],
  };
}

/** Whoever restarts, for whatever reason, has the value of now. Companions that are there are the last to go. */
function planOfCommand({ settings, source }: Resolution, printed: string): Plan {
  const companions = ([PREVIOUS, NEXT] as const).filter((name) => settings.get(name).length > 0);
  const gone = companions.map(
    (name): VariableChange => ({ variable: placeOf(settings, name), becomes: 'removed' }),
  );
  const alone = source?.format === 'secret' && settings.get(PREVIOUS).length > 0;
  return {
    runs: 'has started with',
    changes: [
      [{ variable: printed, becomes: ['old', 'new'] }],
      [{ variable: printed, becomes: ['new', 'old'] }],
      // A value that is the new secret already need not become an array.
      alone ? gone : [{ variable: printed, becomes: ['new'] }, ...gone],
    ],
  };
}
