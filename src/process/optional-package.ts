// Packages that need not be installed: clients of engines, the cipher of sealers, the public suffixes.
//
// They are asked for by a name that no bundler can read, so that it neither demands them nor puts an empty module in
// their place: an app that does without them is built and started without them. An app that is bundled has them beside
// its bundle, in node_modules, or hands over a client of its own.
import { realpathSync } from 'node:fs';
import nodeModule from 'node:module';
import { dirname, join, sep } from 'node:path';
import { versions } from 'node:process';
import { fileURLToPath } from 'node:url';
import { startedPath } from './started.js';

/**
 * Loads a package if it is installed.
 *
 * @param member what the package has. One without it is a stand-in of a bundler or a test runner for a missing one
 * @param places modules from which it is looked for, the first first
 * @returns undefined when it is not installed
 * @throws what it throws itself when it is there and cannot be loaded
 */
export function loadOptional<T extends object>(
  name: string,
  member: keyof T & string,
  places: readonly string[] = ownPlaces(),
): T | undefined {
  for (const place of places) {
    const require = requireFrom(place);
    if (require === undefined || !isThere(name, place, require)) continue;
    const found = [require(name)].flatMap((loaded) => [loaded, loaded?.default]);
    const whole = found.find((candidate) => candidate?.[member] !== undefined);
    if (whole !== undefined) return whole;
  }
  return undefined;
}

/** A module of Node that not every Node has; undefined where this one has not. */
export function builtIn<T>(name: string): T | undefined {
  return process.getBuiltinModule?.(name) as T | undefined;
}

/** This module, and the program that was started: in a bundle this module may be said to be anywhere, or nowhere. */
function ownPlaces(): readonly string[] {
  // By way of a name: a call with `import.meta.url` in it is one that bundlers follow.
  const here: string | undefined = import.meta.url;
  return [here, startedPath()].filter((place) => place !== undefined);
}

function requireFrom(place: string): NodeJS.Require | undefined {
  try {
    // By a name, too: bundlers that see a call of it put something of their own in its place.
    const createRequire: typeof nodeModule.createRequire = Reflect.get(nodeModule, 'createRequire');
    return createRequire(place);
  } catch {
    // No path and no URL of a file: the name of a program that is part of the executable, or of a script on the command line.
    return undefined;
  }
}

/** That the package itself is there. What it needs may be missing all the same, and is another matter. */
function isThere(name: string, place: string, require: NodeJS.Require): boolean {
  try {
    const found = require.resolve(name);
    // Yarn's Plug'n'Play has no folders, and looks nowhere else either.
    return versions.pnp !== undefined || isAround(place, name, found);
  } catch (error) {
    // Node, Jest and Yarn all say it this way; loaders that take over for `import` say it the other way.
    const { code } = error as { code?: unknown };
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') return false;
    throw error;
  }
}

/**
 * Installed in a `node_modules` around the place. Node looks in $HOME and by NODE_PATH too, where anything may have been
 * put: that is not part of the app.
 */
function isAround(place: string, name: string, found: string): boolean {
  for (let at = place.startsWith('file:') ? fileURLToPath(place) : place; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (found.startsWith(folder + sep) || found.startsWith(withoutLinks(folder) + sep)) return true;
    if (at === dirname(at)) return false;
  }
}

/** Workspaces and pnpm link what is installed. */
function withoutLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
