// keyturn status: every key, every replica, what differs, what is safe when, and the command to run next.
import { KeyturnError } from '../../errors.js';
import { replicasIn } from '../../fleet/silent.js';
import { replicaInWords } from '../../keyring/step-facts.js';
import type { Rotation } from '../../rotation/rotation.js';
import { noKeyring } from '../../words/replicas.js';
import { look, type View } from '../../words/view.js';
import type { Command, Context } from '../command.js';
import { openRotation, sameOptions } from '../open.js';
import { watch } from '../status-watch.js';
import { Stop } from '../stop.js';
import { fittingTable } from '../words/layout.js';
import { picture } from '../words/picture.js';
import { lookAtVerified, type Verified } from '../words/picture-verified.js';
import { forPrograms, forReplica, lines } from '../words/status.js';

export const status: Command = {
  usage: '[--watch] [--all]',
  about: [
    'Shows the source in force, every key with its next step and when that is safe, every',
    'replica that reports, what differs between them, and the command to run next. With a',
    'secret in variables it says which of the three deploys of a rotation is in force here.',
    'Replicas with another signing secret than the rest are named by the ids of their keys.',
    '',
    'Exit code 0 also when replicas differ or are degraded: keyturn doctor judges.',
  ],
  options: [
    { name: 'watch', about: 'go on until Ctrl-C: draw it anew, or off a terminal tell what changes' },
    { name: 'all', about: 'on a terminal: every key and replica, however many rows that takes' },
  ],
  words: [],
  run: async (context) => {
    if (context.has('watch')) await watch(context);
    else {
      const rotation = await openRotation(context);
      const found = look(rotation, { options: sameOptions(context) });
      const view = await found.catch((error) => tellWaiting(error, rotation, context));
      tell(view, context.ui.screen && (await lookAtVerified(rotation, view.status)), context);
    }
    return 0;
  },
};

/** Where no keyring is yet, replicas may be waiting for one: who they are, before the error says what is missing. */
async function tellWaiting(error: unknown, rotation: Rotation, { ui, json }: Context): Promise<never> {
  if (!(error instanceof KeyturnError) || error.code !== 'keyring_missing') throw error;
  const replicas = replicasIn(await rotation.replicas());
  if (replicas.length === 0) throw error;
  const rows = replicas.map((replica) => [
    replicaInWords(replica),
    replica.profile,
    (replica.roots ?? []).join(', ') || '-',
    replica.signs === undefined ? noKeyring(replica) : 'holds a keyring, and puts it back',
  ]);
  if (!json) ui.print(fittingTable(['replica', 'profile', 'roots', 'condition'], rows), '');
  const { message, hint, code } = error;
  throw new Stop(1, message, hint, { code, more: { replicas: replicas.map(forReplica) } });
}

/** A prompt follows, and the first line is not to scroll away. */
const ROWS_BELOW = 1;

function tell(view: View, verified: Verified | undefined, { ui, json, has }: Context): void {
  if (json) ui.json(forPrograms(view));
  else
    ui.print({
      plain: lines(view),
      onScreen: (screen) => {
        const room = has('all') ? Number.POSITIVE_INFINITY : screen.height - ROWS_BELOW;
        return picture(view, verified, screen, room);
      },
    });
  for (const { error } of view.resolution.problems) ui.note(`${error.message}; ${error.hint}`);
}
