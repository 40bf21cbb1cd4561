// keyturn generate: prints a new secret. The one command whose purpose that is.
import { variableOf } from '../../config/settings.js';
import { Material } from '../../keyring/key.js';
import { generateSecret } from '../../secret/generate.js';
import type { Command } from '../command.js';

export const generate: Command = {
  usage: '',
  about: [
    'Prints a new signing secret: 32 random bytes as 64 hex digits. It is stored nowhere.',
    '',
    '  export KEYTURN_SECURITY__SIGNING_SECRET="$(keyturn generate)"',
    '  (umask 077; keyturn generate > signing-secret)      for …_SIGNING_SECRET_FILE',
  ],
  options: [],
  words: [],
  run: async ({ json, ui }) => {
    const secret = generateSecret();
    if (json) ui.json({ secret, kid: new Material(secret).kid });
    else ui.print(secret);
    if (ui.screen !== undefined) {
      const name = variableOf('security.signing_secret.secret');
      ui.note(
        `keep it where ${name} is set for the app, or in a file that ${name}_FILE names, and nowhere else`,
      );
    }
    return 0;
  },
};
