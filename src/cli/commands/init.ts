// keyturn init: starts a keyring document with the keys in force, so that nobody is logged out by moving to it.
import { Key, Material } from '../../keyring/key.js';
import { foundDocument } from '../../rotation/found.js';
import { generateSecret } from '../../secret/generate.js';
import type { Command } from '../command.js';
import { tellFounded } from '../new-document.js';
import { userName } from '../user.js';

export const init: Command = {
  usage: '',
  about: [
    'Writes .keyturn/keyring.json, a keyring document. Its first active key is the secret in',
    'force, and previous, next and revoked keys keep their states: nobody is logged out. Where',
    'no secret is in force, a new one is made. Writes a commented keyturn.toml that names the',
    'document, and a rule that makes git ignore it. Existing files are never changed.',
    '',
    'KEYTURN_DATA_DIR moves .keyturn to a place that survives deployments.',
  ],
  options: [],
  words: [],
  run: async (context) => {
    const founded = await foundDocument({
      machine: context.machine,
      profile: context.profile,
      who: userName(),
      command: 'init',
      excuses: ['secret_missing'],
      keys: async ({ keyring }) => keyring?.keys ?? [new Key(new Material(generateSecret()), 'active')],
    });
    tellFounded(context, founded);
    for (const { error } of founded.after.problems) context.ui.note(`${error.message}; ${error.hint}`);
    return 0;
  },
};
