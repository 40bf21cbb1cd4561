// keyturn adopt: which libraries an app signs with, where their secrets come from, and what to write instead.
import { findNeighbours } from '../../neighbours/find.js';
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
    if (json) ui.json(adoptJson(found));
    else ui.print(...adoptLines(found));
    return 0;
  },
};
