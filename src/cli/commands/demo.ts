// keyturn demo: three replicas and their visitors, the secret swapped by hand first, and then by Keyturn.

import { ConsoleApp } from '../../console/app.js';
import type { Beside, Farewell } from '../../console/contract.js';
import { sourceOfCommand } from '../../console/facts.js';
import { type DemoResult, isConvincing, runDemo } from '../../demo/demo.js';
import { DemoEnded, DemoFault } from '../../demo/fault.js';
import type { Scene, Step } from '../../demo/scene.js';
import type { Shows } from '../../demo/with-keyturn.js';
import type { Command, Context } from '../command.js';
import { listen, PORT, portOf } from '../console-port.js';
import { startConsoleServer } from '../console-server.js';
import { refused } from '../stop.js';
import {
  besideLines,
  consoleComes,
  consoleLines,
  demoOver,
  picture,
  soFar,
  stepLines,
  summary,
} from '../words/demo.js';

const DRAW_EVERY_MS = 200;
const NPM_LOOK_EVERY_MS = 500;

export const demo: Command = {
  usage: '[--fast] [--store redis|document] [--port N | --no-console]',
  about: [
    'Shows in two minutes what a rotation does to visitors: three replicas of a small app, as',
    'processes of this machine, and 200 visitors who are signed in. First the secret is swapped by',
    'hand, replica by replica, and the visitors are counted who are signed out. Then the same',
    'visitors go through a rotation with Keyturn: a late replica, a rollback, and an old key that is',
    'retired when it is safe. A link is printed that opens the console, for as long as it lasts.',
    '',
    'The keyring is in Redis where one is found (at KEYTURN_SECURITY__KEYRING__REDIS__URL, or at',
    '127.0.0.1:6379) and a client for it is installed, else in a temporary folder. Nothing is left',
    'behind, however it ends, and nothing of yours is read or changed.',
    '',
    'Exit code 0 when somebody was signed out by hand and nobody by Keyturn.',
  ],
  options: [
    { name: 'fast', about: 'the same steps in half a minute, with shorter sessions: for machines' },
    {
      name: 'store',
      value: 'STORE',
      choices: ['redis', 'document'],
      about: 'where the keyring is kept (default: Redis where it is found)',
    },
    { ...PORT, about: 'the port of the console (default: any that is free)' },
    { name: 'no-console', about: 'show it here alone' },
  ],
  words: [],
  run: async (context) => {
    const { ui, json } = context;
    const result = await play(context);
    if (result === undefined) return 1;
    if (json) ui.json({ ...result, passed: isConvincing(result) });
    else ui.print(...summary(result));
    return isConvincing(result) ? 0 : 1;
  },
};

/** @returns undefined where somebody has ended it, which was said */
async function play(context: Context): Promise<DemoResult | undefined> {
  const { ui, json, machine, surroundings, has, value } = context;
  const port = portOf(context);
  const drawn = ui.redraws && !json;
  const say = (lines: readonly string[]) => {
    if (json) ui.tell(...lines.map((line) => line.trim()));
    else ui.print(...lines);
  };
  const opened = (link: string) => {
    if (!drawn) say(consoleLines(link));
  };
  let scene: (() => Scene) | undefined;
  let before: Step | undefined;
  const beside = () => (scene === undefined ? [] : besideLines(scene()));
  const farewell = () => demoOver(scene?.());
  const shows = has('no-console') ? undefined : consoleOn(port, opened, { beside, farewell });
  const draw = () => {
    const { screen } = ui;
    if (scene !== undefined && screen !== undefined) ui.redraw(...picture(scene(), screen));
  };
  const heard = (step: Step, now: () => Scene) => {
    scene = now;
    if (drawn) return draw();
    say([
      ...(before === undefined ? [] : soFar(before, now())),
      ...stepLines(step, now()),
      ...(before === undefined && shows !== undefined ? consoleComes() : []),
    ]);
    before = step;
  };
  const npm = new AbortController();
  const watch = machine.env.npm_lifecycle_event === undefined ? undefined : watchNpm(npm);
  const timer = drawn ? setInterval(draw, DRAW_EVERY_MS) : undefined;
  let takeAway: (() => void) | undefined;
  try {
    return await runDemo({
      machine,
      fast: has('fast'),
      store: value('store') as 'redis' | 'document' | undefined,
      signal: AbortSignal.any([surroundings.interrupted(() => takeAway?.()), npm.signal]),
      made: (takeAwayNow) => {
        takeAway = takeAwayNow;
      },
      heard,
      shows,
    });
  } catch (error) {
    if (error instanceof DemoEnded && !json) {
      ui.drawn();
      ui.tell(`${error.message}; nothing is left behind`);
      return undefined;
    }
    if (error instanceof DemoFault) throw refused(error.message, error.hint, 'demo_failed');
    throw error;
  } finally {
    clearInterval(timer);
    clearInterval(watch);
    ui.drawn();
  }
}

/** Whoever ends npm ends what it runs: npm itself does not pass that on. */
function watchNpm(gone: AbortController): NodeJS.Timeout {
  const { ppid } = process;
  return setInterval(() => {
    if (process.ppid !== ppid) gone.abort();
  }, NPM_LOOK_EVERY_MS);
}

/** The console over the keyring of the demo, which only shows. */
function consoleOn(
  port: number,
  opened: (link: string) => void,
  { beside, farewell }: { readonly beside: () => readonly Beside[]; readonly farewell: () => Farewell },
): Shows {
  return async (rotation, machine) => {
    const app = new ConsoleApp({
      source: sourceOfCommand(rotation, { machine, profile: 'prod', options: '' }),
      steps: false,
      app: undefined,
      beside,
      // What is wrong it says on its pages.
      logger: { info: () => {}, error: () => {} },
    });
    const server = await listen(port, (at) =>
      startConsoleServer({
        app,
        who: 'keyturn demo',
        mayAct: false,
        port: at,
        asked: () => {},
      }),
    );
    opened(server.link);
    return { url: server.link, over: () => app.end(farewell()), close: () => server.close() };
  };
}
