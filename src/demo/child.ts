// A replica as the demo sees it: a child process that it starts, ends, and lets stand still.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DemoFault } from './fault.js';
import { removeStillFile, stillFile } from './folder.js';
import { BELONGINGS, type Belongings, type KeysInForce, type Order, type Told } from './messages.js';

/** As deep as this module, wherever a bundle puts it. */
const PROGRAM = fileURLToPath(new URL('../demo/replica.js', import.meta.url));
/** How much is kept of what it says on standard error. */
const LAST_WORDS = 2000;
const PATIENCE_MS = 30_000;
const LAST_RESORT_MS = 10_000;

export class ReplicaProcess {
  readonly #child: ChildProcess;
  readonly #belongings: Belongings;
  readonly #ready: Promise<number>;
  readonly #ended: Promise<unknown>;
  #still: string | undefined;
  #isOver = false;
  #lastWords = '';
  /** Undefined until it is ready. */
  keys: KeysInForce | undefined;

  /**
   * @param env its variables
   * @param broke told when it ends and nobody has asked it to
   */
  constructor(
    env: Readonly<Record<string, string>>,
    belongings: Belongings,
    broke: (error: DemoFault) => void,
  ) {
    this.#belongings = belongings;
    const { folder, redis } = belongings;
    const child = fork(PROGRAM, [], {
      env: { ...env, [BELONGINGS]: JSON.stringify({ folder, redis }) },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS);
    });
    this.#ended = once(child, 'exit');
    this.#ready = this.#heard('ready').then(({ port }) => port);
    this.#ready.catch(() => {});
    child.on('message', (told: Told) => {
      if (told.told === 'ready' || told.told === 'keys') this.keys = told.keys;
    });
    child.on('error', () => broke(this.#broken('could not be started')));
    child.on('exit', () => {
      if (!this.#isOver) broke(this.#broken('has ended by itself'));
      this.#isOver = true;
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it stands still. */
  get isStill(): boolean {
    return this.#still !== undefined;
  }

  /** @returns the port that it listens on */
  async ready(): Promise<number> {
    return await this.#ready;
  }

  /** From when it is fulfilled on nothing happens in it. @param name for a file that says so */
  async standStill(name: string): Promise<void> {
    this.#still = stillFile(this.#belongings.folder, name);
    const still = this.#heard('stands-still');
    this.#tell({ order: 'stand-still', while: this.#still });
    await still;
  }

  comeBack(): void {
    if (this.#still !== undefined) removeStillFile(this.#still);
    this.#still = undefined;
  }

  /** Visits that are being answered are. */
  async end(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.comeBack();
    this.#tell({ order: 'end' });
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), LAST_RESORT_MS);
    await this.#ended;
    clearTimeout(kill);
  }

  #tell(order: Order): void {
    if (this.#child.connected) this.#child.send(order, () => {});
  }

  #heard<What extends Told['told']>(what: What): Promise<Extract<Told, { told: What }>> {
    return new Promise((done, failed) => {
      const fail = (how: string, why?: string) => {
        stop();
        failed(this.#broken(how, why));
      };
      const hear = (told: Told) => {
        if (told.told === 'failed') fail('could not start', told.why);
        if (told.told !== what) return;
        stop();
        done(told as Extract<Told, { told: What }>);
      };
      const left = () => fail('has ended');
      const late = setTimeout(() => fail(`has said nothing for ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
      const stop = () => {
        clearTimeout(late);
        this.#child.off('message', hear).off('exit', left);
      };
      this.#child.on('message', hear).on('exit', left);
    });
  }

  #broken(how: string, why = this.#lastWords.trim()): DemoFault {
    return new DemoFault(
      `a replica of the demo ${how}`,
      why === '' ? 'run the demo again' : `it says: ${why}`,
    );
  }
}
