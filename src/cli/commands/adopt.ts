// keyturn adopt: which libraries an app signs with, where their secrets come from, and what to write instead.
import { appsBelow } from '../../neighbours/apps-below.js';
import { findNeighbours } from '../../neighbours/find.js';
import { isManifestBroken } from '../../neighbours/installed.js';
import { weakness } from '../../secret/counted.js';
import { judge } from '../../secret/strength.js';
import type { Command } from '../command.js';
import { refused } from '../stop.js';
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
    '',
    'With --env-file .env it also says which of the secrets in that file are weak.',
  ],
  options: [],
  words: [],
  run: async ({ machine, json, ui }) => {
    if (isManifestBroken(machine.cwd))
      throw refused(
        'package.json cannot be read, or is not valid JSON',
        'correct it: it names the libraries that are looked for',
      );
    const found = findNeighbours(machine.cwd);
    const here = found.neighbours.map(({ neighbour }) => neighbour.package);
    const apps = (await appsBelow(machine.cwd)).filter(
      ({ packages }) => !packages.every((name) => here.includes(name)),
    );
    const facts = {
      weaknessOf: (variable: string) => {
        const secret = machine.env[variable] ?? machine.others?.[variable];
        const strength = secret === undefined ? undefined : judge(secret);
        return strength === undefined || strength.enough ? undefined : weakness(strength);
      },
      now: machine.now(),
    };
    if (json) ui.json(adoptJson(found, facts, apps));
    else ui.print(...adoptLines(found, facts, apps));
    return 0;
  },
};
