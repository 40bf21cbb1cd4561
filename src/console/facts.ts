// Where the console has its facts from, and where its steps go: a rotation, opened anew for each look, since a source may
// hold something else by then. What is looked at is kept for a moment: fifty browsers cost an engine what one costs.
import { type DoctorOptions, runDoctor } from '../doctor/run.js';
import { KeyturnError } from '../errors.js';
import { type Counts, type CountsSpan, withNewest } from '../fleet/counts.js';
import type { HistoryEntry } from '../keyring/keyring.js';
import { internalsOf, type Keyturn } from '../keyturn.js';
import type { Machine } from '../resolve/machine.js';
import { refuseErrors } from '../resolve/problem.js';
import { canChange, type Resolution, type ResolveOptions, resolve } from '../resolve/resolve.js';
import type { Impact, Step } from '../rotation/impact.js';
import { Rotation } from '../rotation/rotation.js';
import { look } from '../words/view.js';
import type { ConsoleSource, ConsoleStep } from './contract.js';
import { LeftReplicas } from './left-replicas.js';
import { sayMarked } from './marked-moment.js';

const KEPT_MS = 1000;
/** The doctor asks git, and reads folders. */
const EXAMINATION_KEPT_MS = 10_000;
const SHORTER: Readonly<Partial<Record<CountsSpan, CountsSpan>>> = { day: 'quarter-hour', month: 'day' };
/** Ids of keys in it come from whoever asks. */
const MOST_KEPT = 100;

/** What a source is made of. */
interface SourceParts {
  /** @param readOnly nothing is cleared away that processes have left behind */
  readonly open: (readOnly: boolean) => Promise<Rotation>;
  readonly machine: Machine;
  readonly profile: string | undefined;
  readonly doctor: DoctorOptions;
  /** Those that a command needs to see the same. */
  readonly options: string;
}

/** The rotation of an app that runs: by its own configuration, over its own connections. */
export function sourceOfApp(keyturn: Keyturn): ConsoleSource {
  const { started, engines, build } = internalsOf(keyturn);
  if (build !== undefined) throw build;
  if (started === undefined)
    throw new KeyturnError(
      'argument_invalid',
      'there is no console where keys come from keyturn/edge: nothing rotates there while it runs',
      'mount it in an app on Node, Bun or Deno with another entry of keyturn, or run keyturn console',
    );
  const { options, resolution } = started();
  const { machine, config } = options;
  const { profile } = resolution.profile;
  return new RotationSource({
    open: async (readOnly) => {
      const found = await foundBy(keyturn, { options, resolution });
      return await Rotation.open({ machine, profile, config, found, engines, readOnly });
    },
    machine,
    profile,
    doctor: { config, engines },
    options: '',
  });
}

/** The rotation of a command: all of it is read anew for each look, as by the command itself. */
export function sourceOfCommand(
  rotation: Rotation,
  { machine, profile, options }: Pick<SourceParts, 'machine' | 'profile' | 'options'>,
): ConsoleSource {
  return new RotationSource({ open: () => rotation.again(), machine, profile, doctor: {}, options });
}

/**
 * What a process goes by now. A file is read anew, by the rules that the process has started with; of anything else the
 * ring in force is the last that was heard, and a command that prints secrets is not run for a page.
 */
async function foundBy(
  keyturn: Keyturn,
  { options, resolution }: { readonly options: ResolveOptions; readonly resolution: Resolution },
): Promise<Resolution> {
  const { ring, settings } = internalsOf(keyturn);
  const shared = settings.get('security.keyring.store') !== undefined;
  const held = shared ? resolution.keyring : ring.current;
  if (canChange(resolution) && resolution.source?.kind === 'file') {
    const { place, profile } = resolution;
    const running = new Set(held?.live.map(({ id }) => id));
    const again = { ...options, place, profile: profile.profile, create: false, running };
    const found = await resolve(again);
    // As the process that follows it: what it would not take is not shown as if it had.
    refuseErrors(found.problems);
    return { ...found, settings };
  }
  return { ...resolution, keyring: held };
}

class RotationSource implements ConsoleSource {
  readonly #parts: SourceParts;
  readonly #left = new LeftReplicas();
  readonly #kept = new Map<string, { readonly at: number; readonly value: Promise<unknown> }>();

  constructor(parts: SourceParts) {
    this.#parts = parts;
  }

  look(): ReturnType<ConsoleSource['look']> {
    return this.#lately('look', async (rotation) => {
      const { options } = this.#parts;
      const view = await look(rotation, { options, say: sayMarked, asker: 'this console' });
      const { status } = view;
      // Where replicas cannot be asked, none of them has gone for that.
      if (status.silence !== undefined) return view;
      return { ...view, status: { ...status, left: this.#left.note(status.replicas, status.now) } };
    });
  }

  /** A longer span contains what the shorter ones do: nobody is to see fewer tokens in a day than in its last minutes. */
  async counts(span: CountsSpan): Promise<Counts | undefined> {
    const own = this.#lately(`counts ${span}`, (rotation) => rotation.counts(span));
    const before = SHORTER[span];
    if (before === undefined) return await own;
    const [longer, shorter] = await Promise.all([own, this.counts(before)]);
    return longer === undefined || shorter === undefined ? longer : withNewest(longer, shorter);
  }

  history(): Promise<readonly HistoryEntry[]> {
    return this.#lately('history', (rotation) => rotation.history());
  }

  impact(step: Step): Promise<Impact> {
    const name = step.step === 'rotate' ? step.step : `${step.step} ${step.kid}`;
    return this.#lately(name, (rotation) => rotation.impact(step));
  }

  doctor(): ReturnType<ConsoleSource['doctor']> {
    const { machine, profile, doctor } = this.#parts;
    return this.#keep('doctor', () => runDoctor(machine, profile, doctor), EXAMINATION_KEPT_MS);
  }

  async take({ step, kid, who, why, replicas }: ConsoleStep): Promise<void> {
    const said = { who, why, replicas };
    try {
      await this.#with(false, async (rotation) => {
        if (step === 'stage') await rotation.stage(said);
        else if (step === 'rollback') await rotation.rollback(said);
        else if (step === 'revoke') await rotation.revoke(kid ?? '', said);
        else await rotation[step](kid, said);
      });
    } finally {
      this.#kept.clear();
    }
  }

  #lately<T>(name: string, ask: (rotation: Rotation) => Promise<T>): Promise<T> {
    return this.#keep(name, () => this.#with(true, ask), KEPT_MS);
  }

  /** What fails is kept as well: an engine that is away is not asked more often than one that is there. */
  #keep<T>(name: string, ask: () => Promise<T>, during: number): Promise<T> {
    const now = performance.now();
    const kept = this.#kept.get(name);
    if (kept !== undefined && now - kept.at < during) return kept.value as Promise<T>;
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    const value = ask();
    this.#kept.set(name, { at: now, value });
    return value;
  }

  async #with<T>(readOnly: boolean, use: (rotation: Rotation) => Promise<T>): Promise<T> {
    const rotation = await this.#parts.open(readOnly);
    try {
      return await use(rotation);
    } finally {
      await rotation.close();
    }
  }
}
