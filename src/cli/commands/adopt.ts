// keyturn adopt: which libraries an app signs with, where their secrets come from, and what to write instead.
import { findNeighbours } from '../../neighbours/find.js';
import { weakness } from '../../secret/counted.js';
import { judge } from '../../secret/strength.js';
import type { Command } from '../command.js';
import { adoptJson, adoptLines } from '../words/adopt.js';

export const adopt: Command = {
  usage: '',
  about: [
    'Reads the package.json and the source of an app, and says which of its libraries sign',
    'with a secret of their own, where that comes from, and what to write so that they sign',
    'with the keys of Keyturn, and nobody is signed out. It changes nothing.',
    '',
    '  keyturn adopt                 in the folder of the app',
    '  keyturn adopt --cwd apps/web  in another one',
  ],
  options: [],
  words: [],
  run: async ({ machine, json, ui }) => {
    const found = findNeighbours(machine.cwd);
    const facts = {
      weaknessOf: (variable: string) => {
        const secret = machine.env[variable];
        const strength = secret === undefined ? undefined : judge(secret);
        return strength === undefined || strength.enough ? undefined : weakness(strength);
      },
      now: machine.now(),
    };
    if (json) ui.json(adoptJson(found, facts));
    else ui.print(...adoptLines(found, facts));
    return 0;
  },
};
