// keyturn init: starts a keyring with the keys in force, so that nobody is logged out by moving to it.
import { initRing } from '../../rotation/init/init.js';
import type { Command, Option } from '../command.js';
import { WHO } from '../step-options.js';
import { wrongUsage } from '../stop.js';
import { initOptions, tellNewKeyring } from '../words/new-keyring.js';

const IF_MISSING: Option = {
  name: 'if-missing',
  about: 'where there is a keyring already, say so, and end with exit code 0',
};

const REPLACES: Option = {
  name: 'replaces',
  value: 'RING_ID',
  about: 'put the new keyring in the place of this one, which processes may hold',
};

export const init: Command = {
  usage: '[--if-missing | --replaces RING_ID]',
  about: [
    'Writes .keyturn/keyring.json, a keyring document. Its first active key is the secret in',
    'force, and previous, next and revoked keys keep their states: nobody is logged out. Where',
    'no secret is in force, a new one is made. Writes a rule that makes git ignore it, a commented',
    'keyturn.toml, and a keyturn.prod.toml that names the document for production: development',
    'finds it by itself, and tests make their own secret, so that both files can be committed.',
    'Existing files are never changed.',
    '',
    'Where security.keyring.store names Redis or PostgreSQL it makes the first keyring there, of',
    'the same keys, for all replicas to share. The secret in force seals it from then on. No file',
    'is written, and a keyring that is there is never changed. Where none is it waits for a while,',
    'so that a process that holds one can put it back.',
    '',
    '--replaces gives up the keyring of that id, and everybody is signed out: processes that hold',
    'it sign nothing from then on, and take the new one when they are restarted. What was revoked',
    'stays revoked.',
    '',
    '--if-missing is for jobs and init containers that run at every deploy.',
    'KEYTURN_DATA_DIR moves .keyturn to a place that survives deployments.',
  ],
  options: [IF_MISSING, REPLACES, WHO],
  words: [],
  run: async (context) => {
    const replaces = context.value('replaces');
    if (replaces !== undefined && context.has('if-missing'))
      throw wrongUsage('--replaces and --if-missing exclude each other', 'leave one of them out');
    const made = await initRing({
      ...(await initOptions(context)),
      imported: [],
      ifMissing: context.has('if-missing'),
      replaces,
    });
    tellNewKeyring(context, made);
    for (const { error } of made.after.problems) context.ui.note(`${error.message}; ${error.hint}`);
    return 0;
  },
};
