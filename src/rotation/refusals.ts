// What commands say where no step can be taken: the keys cannot be changed from here, or somebody disagrees.
import { join } from 'node:path';
import { variableOf } from '../config/settings.js';
import { shellQuote } from '../config/shell-quote.js';
import { KeyturnError } from '../errors.js';
import { OWN_CLOCK, problemText } from '../fleet/diagnosis-words.js';
import type { RefusalWords } from '../fleet/refusals.js';
import { nameOf, type ReplicaReport } from '../fleet/report.js';
import type { Keyring } from '../keyring/keyring.js';
import { listOf } from '../printable.js';
import type { Resolution } from '../resolve/resolve.js';
import type { LostDocument } from './lost-document.js';

/** Keys that only a deploy, or a pipeline, can change. */
export function refuseUnchangeable(
  resolution: Resolution,
  byHand: ByHand,
  lost: LostDocument | undefined,
): never {
  const { source, hidden } = resolution;
  if (lost !== undefined) throw documentLost(lost);
  if (source?.format === 'document') {
    throw new KeyturnError(
      'keyring_unwritable',
      `the document is what the command in ${source.name} prints`,
      'change it where it is kept, with --ring - in a pipeline',
    );
  }
  if (source === undefined) {
    const what = 'no keyring is configured';
    throw new KeyturnError('keyring_not_document', what, NO_KEYRING_HINT);
  }
  const what =
    source.kind === 'file'
      ? `${source.name} names a file with ${source.format === 'array' ? 'an array of secrets' : 'one line'}`
      : `${source.name} holds ${source.format === 'array' ? 'an array of secrets' : 'a secret'}`;
  // What an operator takes for the source in force, and is not.
  const under = hidden.filter(({ kind }) => kind !== 'development-file').map(({ name }) => name);
  const hint =
    under.length > 0
      ? `it hides ${under.join(', ')}: take it away, if that is what you mean`
      : source.kind === 'file'
        ? `turn it into one: ${importOf(resolution)}; until then ${byHand.file}`
        : source.kind === 'variable' || source.kind === 'command'
          ? `${byHand.variables}, or make a document with keyturn init`
          : 'make a document with keyturn init';
  throw new KeyturnError('keyring_not_document', `${what}, and not a keyring document`, hint);
}

export function documentLost(lost: LostDocument): KeyturnError {
  const { what, hint } = problemText({ kind: 'document_lost', live: true, ...lost }, 'this command');
  const [replica] = lost.instances;
  return new KeyturnError('keyring_not_document', what, hint, replica === undefined ? {} : { replica });
}

/** How a file with secrets becomes a document. What stands where the document is to be written goes away first. */
export function importOf({ source, dataDir }: Resolution): string {
  const path = source?.path ?? source?.name ?? '';
  const run = `keyturn import ${shellQuote(path)}`;
  if (path !== join(dataDir, 'keyring.json')) return run;
  const aside = `${path}.old`;
  return `mv ${shellQuote(path)} ${shellQuote(aside)}, then keyturn import ${shellQuote(aside)}`;
}

/**
 * A key that is promoted signs wherever the ring is followed, and whoever takes its keys from elsewhere refuses that.
 *
 * @param here what this environment goes by, where the ring was handed in and not found through it
 * @throws KeyturnError `source_differs`
 */
export function refuseOtherSource(
  ring: Keyring,
  replicas: readonly ReplicaReport[],
  here: Resolution | undefined,
): void {
  const elsewhere = here === undefined ? undefined : placeElsewhere(ring, here);
  if (elsewhere !== undefined) {
    throw new KeyturnError(
      'source_differs',
      `this environment takes its keys from ${elsewhere}, which does not hold the keyring that is to be promoted`,
      'hand in the keyring in force; where the services have another environment than this, run it in theirs',
    );
  }
  const other = replicas.find((replica) => replica.signs !== undefined && replica.ring !== ring.id);
  if (other === undefined) return;
  throw new KeyturnError(
    'source_differs',
    `${nameOf(other)} takes its keys from ${other.source}, and not from this keyring`,
    'restart it without that, or stop it; keyturn status shows all replicas',
    { replica: other.instance },
  );
}

/** "take X away, here and where the processes run, and restart them all without it" */
export function takeAwayInWords(names: readonly string[]): string {
  const it = names.length === 1 ? 'it' : 'them';
  return `take ${listOf(names)} away, here and where the processes run, and restart them all without ${it}`;
}

/** What development makes for itself nobody has named. */
function placeElsewhere(ring: Keyring, { settings, source, keyring }: Resolution): string | undefined {
  const store = settings.get('security.keyring.store');
  if (store !== undefined) return `the shared keyring in ${store === 'redis' ? 'Redis' : 'PostgreSQL'}`;
  const named =
    source?.kind === 'development-file' || source?.kind === 'development-memory' ? undefined : source;
  return keyring === undefined || keyring.id === ring.id ? undefined : named?.name;
}

/** For a command: a shell may have another environment than the service. */
export const COMMAND_WORDS: RefusalWords = {
  self: 'this command',
  otherProfile: (profile) => `run it with --env ${profile}, and with the environment of the service`,
  outdated: 'put the newest one back; to go back on purpose, stop the processes that have a newer one',
  forked:
    'make one keyring of both with keyturn import, or stop the processes that hold the other one; revoke goes on working',
  otherSecret: 'run it with the environment of the service',
  clock: `${OWN_CLOCK}; revoke goes on working`,
};

export const NO_KEYRING_HINT: string =
  'run this in the folder of the app, or name it with --cwd; where there is none yet, make one with keyturn init';

/** What to do where only a deploy can change the keys: with a file that is no document, and with variables. */
export interface ByHand {
  readonly file: string;
  readonly variables: string;
}

export const STEP_BY_HAND: ByHand = {
  file: `stage through ${variableOf('security.signing_secret.next_secrets')}`,
  variables: 'deploy new variables: keyturn rotate prints them',
};

const REVOKE_NOW = `deploy a new signing secret (keyturn generate), and the id of the key in ${variableOf('security.signing_secret.revoked_kids')}`;
export const REVOKE_BY_HAND: ByHand = { file: REVOKE_NOW, variables: REVOKE_NOW };
