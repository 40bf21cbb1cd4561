// A folder that nothing of Keyturn is in: whoever runs a command there is in another folder than they believe, or has only
// just begun. That production would refuse to start there is no news to them.
import { readdirSync } from 'node:fs';
import { findPlace } from '../config/place.js';
import { elsewhereBelow } from '../config/places-below.js';
import { KeyturnError } from '../errors.js';
import type { Machine } from '../resolve/machine.js';

/** What configuration may be in, or a secret. */
const OURS = /^(?:keyturn(?:\..+)?\.toml|\.keyturn|\.env(?:\..+)?)$/;

/** The refusal for want of a secret, in words that are right where nothing is configured at all. */
export async function orNoApp(error: unknown, machine: Machine): Promise<unknown> {
  if (!(error instanceof KeyturnError) || error.code !== 'secret_missing') return error;
  if (Object.keys(machine.env).some((name) => name.startsWith('KEYTURN_'))) return error;
  const { folder } = findPlace(machine);
  if (namesIn(folder).some((name) => OURS.test(name)) || (await elsewhereBelow(folder)) !== undefined)
    return error;
  return new KeyturnError(
    'secret_missing',
    'there is no keyring here: this folder has no keyturn.toml and no .keyturn, and no variable of Keyturn is set',
    'for an app in another folder add --cwd FOLDER; keyturn init starts a keyring; keyturn demo shows what it is for',
    { cause: error },
  );
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
