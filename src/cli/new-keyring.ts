// What init and import say of the keyring that they have started.
import { FILE_IN_CONFIG } from '../rotation/found.js';
import type { Founded, FoundedDocument } from '../rotation/founding.js';
import type { Context } from './command.js';
import { count } from './ui.js';

/** Says what was made where, and what remains to be done. @param more further JSON fields */
export function tellFounded(context: Context, founded: Founded, more: object = {}): void {
  const { ui, json } = context;
  const { place, created, ring, document, takeAway } = founded;
  const keys = ring.keys.map(({ id, state }) => ({ kid: id, state }));
  if (json) {
    const { path, config, written } = document ?? {};
    ui.json({
      place,
      created,
      document: path ?? null,
      config: config ?? null,
      configWritten: written ?? false,
      keys,
      ...more,
      takeAway,
    });
  } else if (created) {
    const kids = keys.map(({ kid, state }) => `${kid} ${state}`).join(', ');
    const list = `(${count(keys.length, 'key')}: ${kids})`;
    if (document !== undefined) ui.print(`wrote ${place} ${list}`);
    else ui.print(`made the keyring in ${place} ${list}`);
    if (document?.written === true) ui.print(`wrote ${document.config}`);
  }
  if (!created) ui.note(`there is a keyring in ${place} already: nothing was changed`);
  if (document !== undefined) tellWhatNamesIt(context, founded, document);
  else if (created) tellWhatSealsIt(context, founded);
}

/** Where nothing is done for longer than one likes to look at nothing. */
export function tellWaiting({ ui }: Context): (milliseconds: number) => void {
  return (milliseconds) => {
    const seconds = Math.ceil(milliseconds / 1000);
    ui.note(`no keyring is there: waiting ${seconds} s for a process that holds one to put it back`);
  };
}

/** Says what keyturn.toml should say, and what to take away. */
function tellWhatNamesIt(
  { ui }: Context,
  { created, takeAway, after }: Founded,
  { path, named, written }: FoundedDocument,
): void {
  const inForce = after.source?.path === path;
  const isNamed = inForce || after.hidden.some((hidden) => hidden.path === path);
  if (!written && !isNamed) {
    ui.note(
      created ? 'keyturn.toml exists and is left as it is; it should say' : 'keyturn.toml should say',
      '[security.signing_secret]',
      `file = ${JSON.stringify(named)}`,
    );
  }
  if (takeAway.length === 0) return;
  const list = takeAway.join(', ');
  const outranks = after.source?.kind === 'variable' || (after.source?.kind === 'file' && !inForce);
  if (outranks && after.source?.name !== FILE_IN_CONFIG)
    ui.note(`${after.source?.name} still hides ${named}, which holds the same keys; take away: ${list}`);
  else ui.note(`${named} replaces ${list}; take it away`);
}

/** The secret stays, and does something else from now on. */
function tellWhatSealsIt({ ui }: Context, { ring, after }: Founded): void {
  const { source, keyring } = after;
  const itself = keyring?.get(ring.active.id) === undefined ? '' : ', and signs until the next rotation';
  ui.note(`${source?.name} seals it from now on (key ${keyring?.active.id})${itself}; leave it where it is`);
  ui.note('when every replica runs with the shared keyring, rotate it: keyturn rotate --wait');
}
