#!/usr/bin/env node
// The program `keyturn`: connects the command line to this process. The only place that sets an exit code.
import type { Surroundings } from './command.js';
import { dispatch, workingDirectory } from './dispatch.js';
import { Ui } from './ui.js';

const INPUT_LIMIT = 1024 * 1024;

const ended = new AbortController();
const ui = new Ui(process.stdout, process.stderr, process.env);

// A reader that has seen enough (`keyturn … | head`) is no fault. A full disk is.
process.stderr.on('error', () => {});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') {
    ended.abort();
    return;
  }
  ui.error(`standard output cannot be written (${error.code})`, 'send it somewhere else');
  process.exitCode = 1;
});

async function readInput(): Promise<string> {
  process.stdin.setEncoding('utf8');
  let text = '';
  for await (const part of process.stdin) {
    text += part;
    if (text.length > INPUT_LIMIT) break;
  }
  return text;
}

/** On standard error: standard output is for data. Ctrl-C and Ctrl-D are no answer. */
async function ask(question: string): Promise<string | undefined> {
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  return await new Promise((done) => {
    lines.on('SIGINT', () => lines.close());
    lines.once('close', () => done(undefined));
    lines.question(question, (answer) => {
      done(answer);
      lines.close();
    });
  });
}

/** Whoever pipes something in or out does not sit there to be asked. */
const isAttended = [process.stdin, process.stdout, process.stderr].every(({ isTTY }) => isTTY === true);

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function interrupted(atOnce?: () => void): AbortSignal {
  for (const signal of SIGNALS)
    process.once(signal, () => {
      ended.abort();
      // Whoever sends one again, or presses Ctrl-C twice, ends the process at once.
      process.once(signal, () => {
        atOnce?.();
        ui.drawn();
        process.kill(process.pid, signal);
      });
    });
  return ended.signal;
}

// However it ends, nobody is left with a terminal that shows no cursor.
process.on('exit', () => ui.drawn());

// Loaded only then: help and version need none of it.
const machine: Surroundings['machine'] = async (folder) => {
  const { thisMachine } = await import('../resolve/machine.js');
  // This program belongs to no app: the package is looked at that the operator stands in.
  return thisMachine(folder.cwd === undefined ? { entry: workingDirectory() } : folder);
};

const code = await dispatch(process.argv.slice(2), ui, {
  machine,
  readInput,
  interrupted,
  ask: isAttended ? ask : undefined,
});
if (code !== 0) process.exitCode = code;
// Nobody waits for a signal any more: whatever still keeps the process must not keep it deaf.
for (const signal of SIGNALS) process.removeAllListeners(signal);
