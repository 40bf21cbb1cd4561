// A process of its own that uses the compiled package.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterwards } from './ring-file.js';

const PACKAGE = pathToFileURL(resolve('dist/index.js')).href;

export interface Script {
  /** All that it has written. */
  readonly output: () => string;
  readonly pid: number;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Runs a module that may use `createKeyturn`, in a process of its own. */
export function runScript(body: string, cwd: string, env: Readonly<Record<string, string>> = {}): Script {
  const path = join(cwd, 'script.mjs');
  writeFileSync(path, `import { createKeyturn } from ${JSON.stringify(PACKAGE)};\n${body}`);
  const child = spawn(process.execPath, [path], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  afterwards(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  return { output: () => output, pid: child.pid ?? 0, kill: (signal) => void child.kill(signal), ended };
}
