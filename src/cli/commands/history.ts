// keyturn history: when, what, which key, who, why.
import type { HistoryEntry } from '../../keyring/keyring.js';
import { historyWhat, olderLines, rolledBackFrom } from '../../words/steps.js';
import { iso, isoSecond, relativeTime } from '../../words/time.js';
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
    const from = rolledBackFrom(entries);
    const rows = entries.map((entry) => {
      const { at, who = '' } = entry;
      const key = keyOf(entry, from.get(entry));
      return [isoSecond(at), relativeTime(at, now), historyWhat(entry), key, who, whyOf(entry)];
    });
    ui.print(fittingTable(['when', '', 'what', 'key', 'who', 'why'], rows));
    return 0;
  },
};

/** Of a rollback both keys. @param from the one that signed before */
function keyOf({ what, kid = '' }: HistoryEntry, from: string | undefined): string {
  if (what !== 'rollback' || kid === '') return kid;
  return from === undefined ? `to ${kid}` : `from ${from} to ${kid}`;
}

function whyOf(entry: HistoryEntry): string {
  const { at, why = '', gone = [], lines, since } = entry;
  if (lines !== undefined) return olderLines(entry, isoSecond(since ?? at));
  return [why, ...(gone.length === 0 ? [] : [`(said to be gone: ${gone.join(', ')})`])].join(' ').trim();
}
