// Which file this process was started with, if any.
import { realpathSync } from 'node:fs';
import { isAbsolute } from 'node:path';

/** With these options Node runs no file, and the first argument is not one. */
const NO_FILE = /^(?:-[a-z]*[ep]|--eval|--print|-i|--interactive)(?:=|$)/;

/** The file as it was named: a link in `node_modules/.bin` has the packages of the app around it. */
export function startedPath(): string | undefined {
  const started = process.argv[1];
  if (started === undefined || !isAbsolute(started) || started === process.execPath) return undefined;
  return process.execArgv.some((option) => NO_FILE.test(option)) ? undefined : started;
}

/** The same without symbolic links: `node_modules/.bin/mocha` is one. */
export function startedFile(): string | undefined {
  const started = startedPath();
  try {
    return started && realpathSync(started);
  } catch {
    // `node server` starts server.js.
    return started;
  }
}

/** The installed package that a file belongs to, where it belongs to one. */
export function packageIn(path: string): string | undefined {
  const parts = path.split(/[\\/]/);
  const [scope, name] = parts.slice(parts.lastIndexOf('node_modules') + 1);
  if (!parts.includes('node_modules')) return undefined;
  return scope?.startsWith('@') ? `${scope}/${name}` : scope;
}
