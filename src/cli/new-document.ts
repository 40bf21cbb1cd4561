// What init and import say of the document that they have started.
import { FILE_IN_CONFIG, type Founded } from '../rotation/found.js';
import type { Context } from './command.js';
import { count } from './ui.js';

/** Says what was written, what keyturn.toml should say, and what to take away. @param more further JSON fields */
export function tellFounded({ ui, json }: Context, founded: Founded, more: object = {}): void {
  const { path, named, config, written, ring, takeAway, after } = founded;
  const keys = ring.keys.map(({ id, state }) => ({ kid: id, state }));
  if (json) {
    ui.json({ document: path, config, configWritten: written, keys, ...more, takeAway });
  } else {
    const kids = keys.map(({ kid, state }) => `${kid} ${state}`).join(', ');
    ui.print(`wrote ${path} (${count(keys.length, 'key')}: ${kids})`);
    if (written) ui.print(`wrote ${config}`);
  }
  const inForce = after.source?.path === path;
  if (!written && !inForce) {
    ui.note(
      'keyturn.toml exists and is left as it is; it should say',
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
