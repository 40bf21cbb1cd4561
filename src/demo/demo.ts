// The whole demo: the secret swapped by hand, then a rotation with Keyturn, with the same visitors.
import type { Machine } from '../resolve/machine.js';
import { generateSecret } from '../secret/generate.js';
import { byHand } from './by-hand.js';
import { removeFolderAtOnce } from './folder.js';
import { FAST, FULL } from './pace.js';
import { type DemoStore, openPlace } from './place.js';
import type { Scene, Step } from './scene.js';
import { Stage } from './stage.js';
import type { Counted } from './tally.js';
import { type Shows, type Taken, withKeyturn } from './with-keyturn.js';

export interface DemoOptions {
  readonly machine: Machine;
  readonly fast: boolean;
  /** Default: Redis where it is found. */
  readonly store: DemoStore | undefined;
  /** Ends it early. */
  readonly signal: AbortSignal;
  /** Handed what takes the folder away at once, as soon as there is one: whoever ends the demo twice waits for nothing. */
  readonly made: (takeAwayNow: () => void) => void;
  /** Told of each step, with what there is to see just then. */
  readonly heard: (step: Step, scene: () => Scene) => void;
  /** Shows the rotation elsewhere. */
  readonly shows: Shows | undefined;
}

export interface DemoResult {
  readonly store: DemoStore;
  readonly visitors: number;
  /** In seconds. */
  readonly sessionLife: number;
  readonly maxLag: number;
  readonly took: number;
  readonly byHand: Counted;
  readonly withKeyturn: Counted;
  readonly taken: readonly Taken[];
}

/** Leaves nothing behind, however it ends. @throws DemoFault where it cannot go through; and what steps throw */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { machine, fast, store, signal, made, heard, shows } = options;
  const pace = fast ? FAST : FULL;
  const since = performance.now();
  const place = await openPlace(machine, pace, store);
  made(() => removeFolderAtOnce(place.folder));
  const stage: Stage = new Stage(pace, place, signal, (step) => heard(step, () => stage.scene));
  if (shows !== undefined) stage.console = 'comes';
  try {
    const fresh = generateSecret();
    const hand = await byHand(stage, generateSecret(), fresh);
    stage.byHand = hand;
    const { counted, taken } = await withKeyturn(stage, fresh, shows);
    return {
      store: place.store,
      visitors: pace.visitors,
      sessionLife: pace.life,
      maxLag: pace.maxLag,
      took: (performance.now() - since) / 1000,
      byHand: hand,
      withKeyturn: counted,
      taken,
    };
  } finally {
    await stage.end();
  }
}

/** Whether it has shown what it is there to show. */
export function isConvincing({ byHand: hand, withKeyturn: keyturn }: DemoResult): boolean {
  return keyturn.signedOut === 0 && hand.signedOut > 0;
}
