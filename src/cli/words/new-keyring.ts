// What init and import say of the keyring that they have started.
import { basename } from 'node:path';
import { count } from '../../printable.js';
import { assumeProfile } from '../../rotation/assumed-profile.js';
import type { InitDocument, InitOptions, InitResult } from '../../rotation/init/first-ring.js';
import { isFileInConfig } from '../../rotation/init/init.js';
import type { Context } from '../command.js';
import { noteRules, sameOptions } from '../open.js';
import { whoOf } from '../step-options.js';

/** What init and import begin a keyring with. Says which rules it goes by, where nobody said it. */
export async function initOptions(context: Context): Promise<Omit<InitOptions, 'imported'>> {
  const { machine, profile, ui, value } = context;
  const assumed = await assumeProfile(machine, profile, false);
  noteRules(context, assumed, undefined);
  return {
    machine,
    profile: assumed?.insistOn ?? profile,
    placeSaid: value('cwd') !== undefined,
    who: whoOf(context),
    // Where it does nothing for so long that one would wonder.
    waiting: (ms) =>
      ui.note(
        `no keyring is there: waiting ${Math.ceil(ms / 1000)} s for a process that holds one to put it back`,
      ),
  };
}

/** Says what was made where, and what remains to be done. @param more further JSON fields */
export function tellNewKeyring(context: Context, made: InitResult, more: object = {}): void {
  const { ui, json } = context;
  const { place, created, ring, document, takeAway } = made;
  const keys = ring.keys.map(({ id, state }) => ({ kid: id, state }));
  if (json) {
    const { path, config, production } = document ?? {};
    ui.json({
      place,
      created,
      document: path ?? null,
      config: config?.path ?? null,
      configWritten: config?.written ?? false,
      production: production?.path ?? null,
      productionWritten: production?.written ?? false,
      keys,
      ...more,
      takeAway,
    });
  } else if (created) {
    const kids = keys.map(({ kid, state }) => `${kid} ${state}`).join(', ');
    const list = `(${count(keys.length, 'key')}: ${kids})`;
    if (document !== undefined) ui.print(`wrote ${place} ${list}`);
    else ui.print(`made the keyring in ${place} ${list}`);
    for (const file of [document?.config, document?.production])
      if (file?.written === true) ui.print(`wrote ${file.path}`);
  }
  if (!created) ui.note(`there is a keyring in ${place} already: nothing was changed`);
  if (document !== undefined) tellWhatNamesIt(context, made, document);
  else if (created) tellWhatSealsIt(context, made);
}

/** Says what keyturn.prod.toml should say, and what to take away. */
function tellWhatNamesIt(
  { ui, value }: Context,
  { created, takeAway, restart, after }: InitResult,
  { path, named, production, isNamed }: InitDocument,
): void {
  const inForce = after.source?.path === path;
  if (!isNamed) {
    const name = basename(production.path);
    ui.note(
      created ? `${name} exists and is left as it is; it should say` : `${name} should say`,
      '[security.signing_secret]',
      `file = ${JSON.stringify(named)}`,
    );
  }
  const list = takeAway.join(', ');
  const outranks = after.source?.kind === 'variable' || (after.source?.kind === 'file' && !inForce);
  const hides = takeAway.length > 0 && outranks && !isFileInConfig(after.source?.name ?? '');
  if (hides)
    ui.note(`${after.source?.name} still hides ${named}, which holds the same keys; take away: ${list}`);
  else if (takeAway.length > 0) ui.note(`${named} replaces ${list}; take it away`);
  const rotate = `keyturn rotate${sameOptions({ value })} --wait`;
  const without = takeAway.length === 1 ? 'without it' : 'without them';
  if (takeAway.length > 0 && (hides || restart))
    ui.note(`then restart every process ${without}, and rotate: ${rotate}`);
  else if (restart)
    ui.note(`restart every process that runs, so that it goes by the document, before ${rotate}`);
}

/** The secret stays where it is. It seals the keyring from now on. */
function tellWhatSealsIt({ ui }: Context, { ring, after }: InitResult): void {
  const { source, keyring } = after;
  const itself = keyring?.get(ring.active.id) === undefined ? '' : ', and signs until the next rotation';
  ui.note(`${source?.name} seals it from now on (key ${keyring?.active.id})${itself}; leave it where it is`);
  ui.note('when every replica runs with the shared keyring, rotate it: keyturn rotate --wait');
}
