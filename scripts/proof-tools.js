// What the proofs share: arguments, chance that can be repeated, progress, processes that never outlive them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');
export const MAIN = join(root, 'dist', 'cli', 'main.js');

/** `--name value` pairs; whoever gives another name is told those that there are. */
export function readArguments(known) {
  const given = { ...known };
  const words = process.argv.slice(2);
  for (let at = 0; at < words.length; at += 2) {
    const name = words[at]?.replace(/^--/, '');
    const value = words[at + 1];
    const valid =
      name in known &&
      value !== undefined &&
      (typeof known[name] === 'string' || Number.isFinite(Number(value)));
    if (!valid) {
      console.error(
        `usage: ${process.argv[1]} ${Object.keys(known)
          .map((one) => `[--${one} …]`)
          .join(' ')}`,
      );
      process.exit(2);
    }
    given[name] = typeof known[name] === 'string' ? value : Number(value);
  }
  return given;
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function chanceOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A bar that is drawn anew on a terminal; elsewhere a line every so often. */
export class Progress {
  #said = 0;
  #drawn = false;

  show(share, text) {
    if (process.stdout.isTTY) {
      const width = 30;
      const full = Math.round(Math.min(1, share) * width);
      process.stdout.write(`\r\x1b[K${'█'.repeat(full)}${'░'.repeat(width - full)} ${text}`);
      this.#drawn = true;
    } else if (performance.now() - this.#said > 5000) {
      this.#said = performance.now();
      console.log(`${String(Math.round(Math.min(1, share) * 100)).padStart(3)} % ${text}`);
    }
  }

  /** A line that stays. */
  say(line) {
    if (this.#drawn) process.stdout.write('\r\x1b[K');
    this.#drawn = false;
    console.log(line);
  }
}

/** Columns, the first to the left and the others to the right. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? String(cell).padEnd(widths[column]) : String(cell).padStart(widths[column]),
        )
        .join('  '),
    )
    .join('\n');
}

const children = new Set();
const folders = [];

function cleanUp() {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

process.on('exit', cleanUp);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

export function newFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-proof-'));
  folders.push(folder);
  return folder;
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Starts a Node program with no variables but PATH and those given. Its output is gathered in `output`. */
export function start(program, args, where) {
  return startBinary(process.execPath, [program, ...args], where);
}

/** The same with any program. */
export function startBinary(binary, args, { cwd, env }) {
  const child = spawn(binary, args, {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  child.output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      child.output += text;
    });
  }
  child.ended = once(child, 'close').then(([code, signal]) => {
    children.delete(child);
    return { code, signal };
  });
  return child;
}

/** Runs a keyturn command to its end. */
export async function keyturn(args, where) {
  const child = start(MAIN, args, where);
  const { code } = await child.ended;
  return { code, output: child.output.trim() };
}
