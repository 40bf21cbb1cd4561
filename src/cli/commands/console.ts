// keyturn console: the console in a browser on this machine, for the keyring that a command finds.
import { ConsoleApp } from '../../console/app.js';
import { sourceOfCommand } from '../../console/facts.js';
import { lengthOfTime } from '../../words/time.js';
import type { Command, Context } from '../command.js';
import { listen, PORT, portOf } from '../console-port.js';
import { startConsoleServer } from '../console-server.js';
import { noteRules, openRotation, sameOptions } from '../open.js';
import { durationOf, WHO, whoOf } from '../step-options.js';
import { wrongUsage } from '../stop.js';

const IDLE_SECONDS = 900;
const LONGEST_IDLE_SECONDS = 86_400;

export const consoleCommand: Command = {
  usage: '[--port N] [--steps] [--idle DURATION] [--who NAME]',
  about: [
    'Shows in a browser what keyturn status shows at a terminal: the keys as a timeline,',
    'the replicas, what was verified with which key, what a step would do, the findings of',
    'the doctor and the history. With --steps it takes steps, too.',
    '',
    'It listens on this machine alone, and prints a link that works once. It ends on Ctrl-C,',
    'and after --idle: a page that only keeps itself up to date asks for nothing.',
  ],
  options: [
    PORT,
    { name: 'steps', about: 'let the browser take steps (default: it only shows)' },
    { name: 'idle', value: 'DURATION', about: 'end when nobody has asked for so long (default: 15min)' },
    WHO,
  ],
  words: [],
  run: async (context) => {
    const { ui, json, has, machine, profile, surroundings } = context;
    const [port, idle] = [portOf(context), idleOf(context)];
    const rotation = await openRotation(context);
    const steps = has('steps');
    if (steps) noteRules(context, rotation.assumed, rotation.resolution.settings);
    const idling = new Idle(idle);
    const server = await listen(port, (at) =>
      startConsoleServer({
        app: new ConsoleApp({
          source: sourceOfCommand(rotation, { machine, profile, options: sameOptions(context) }),
          steps,
          app: rotation.resolution.settings.get('app'),
          logger: {
            info: () => {},
            error: ({ error }, message) => ui.note(`${message}: ${String(error)}`),
          },
        }),
        who: whoOf(context) ?? 'keyturn console',
        mayAct: steps,
        port: at,
        asked: () => idling.asked(),
      }),
    );
    context.defer(() => server.close());
    const ended = surroundings.interrupted();
    if (json) ui.json({ url: server.link, pid: process.pid });
    else {
      ui.print(server.link);
      ui.tell(
        `this link opens the console of ${rotation.place ?? rotation.resolution.source?.name ?? machine.cwd}, once`,
        `Ctrl-C ends it, and so do ${lengthOfTime(idle)} in which nobody asks for anything`,
      );
    }
    await idling.over(ended);
    return 0;
  },
};

/** Waits until nobody has asked for anything for so long. */
class Idle {
  readonly #milliseconds: number;
  readonly #over = new AbortController();
  /** Undefined while nobody waits: it would keep the process. */
  #timer: NodeJS.Timeout | undefined;

  /** @param seconds how long */
  constructor(seconds: number) {
    this.#milliseconds = seconds * 1000;
  }

  asked(): void {
    if (this.#timer !== undefined) this.#begin();
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#over.abort(), this.#milliseconds);
  }

  async over(ended: AbortSignal): Promise<void> {
    this.#begin();
    const either = AbortSignal.any([ended, this.#over.signal]);
    if (!either.aborted) await new Promise((done) => either.addEventListener('abort', done, { once: true }));
    clearTimeout(this.#timer);
  }
}

function idleOf(context: Context): number {
  const idle = durationOf(context, 'idle') ?? IDLE_SECONDS;
  if (idle <= LONGEST_IDLE_SECONDS) return idle;
  throw wrongUsage('--idle takes a day at most', 'write --idle 8h, for example');
}
