// keyturn history: when, what, which key, who, why.
import type { HistoryEntry } from '../../keyring/keyring.js';
import { iso, relativeTime } from '../../words/time.js';
import type { Command } from '../command.js';
import { openRotation } from '../open.js';
import { fittingTable } from '../words/layout.js';

export const history: Command = {
  usage: '',
  about: [
    "Shows the keyring's own history, the oldest line first: when, what, with which key, by whom",
    'and why. Only a keyring document, or a shared keyring, has one.',
  ],
  options: [],
  words: [],
  run: async (context) => {
    const { machine, json, ui } = context;
    const rotation = await openRotation(context);
    const entries = await rotation.history();
    if (json) {
      const since = ({ since: at }: HistoryEntry) => (at === undefined ? {} : { since: iso(at) });
      ui.json({ history: entries.map((entry) => ({ ...entry, ...since(entry), at: iso(entry.at) })) });
      return 0;
    }
    if (entries.length === 0) {
      const { source } = rotation.resolution;
      ui.note(
        source?.format === 'document'
          ? 'the document has no history'
          : `${source?.name} has no history: only a keyring document, or a shared keyring, keeps one`,
      );
      return 0;
    }
    const now = machine.now();
    const rows = entries.map(({ at, what, kid = '', who = '', why = '', gone = [], lines, since }) => [
      `${new Date(at).toISOString().slice(0, 19)}Z`,
      relativeTime(at, now),
      what,
      kid,
      who,
      lines === undefined
        ? [why, ...(gone.length === 0 ? [] : [`(said to be gone: ${gone.join(', ')})`])].join(' ').trim()
        : `${lines} lines, the first of ${iso(since ?? at)}`,
    ]);
    ui.print(fittingTable(['when', '', 'what', 'key', 'who', 'why'], rows));
    return 0;
  },
};
