// The source files of an app, as far as somebody has written them.
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readNow } from '../disk/read.js';
import { Source } from './source.js';

const CODE = /\.(?:[cm]?[jt]s|[jt]sx)$/;
const NOT_WRITTEN =
  /^(?:node_modules|dist|build|out|coverage|vendor|public|static|tmp|\..*)$|\.(?:min\.js|d\.[cm]?ts)$/;
/** So much of an app is read; of a larger one the rest is told to be left out. */
const MOST_FILES = 5000;
const LARGEST_FILE = 512 * 1024;
/** Characters of those that are looked into. */
const MOST_TEXT = 16 * 1024 * 1024;
const DEEPEST = 12;

/** What was found of an app. */
export interface AppSources {
  readonly sources: readonly Source[];
  /** Whether there is more than is read. */
  readonly cut: boolean;
}

/** @param isOfInterest whether a file is looked into, by its text */
export function appSources(folder: string, isOfInterest: (text: string) => boolean): AppSources {
  const paths: string[] = [];
  const visit = (at: string, depth: number): void => {
    for (const entry of listed(at)) {
      if (paths.length > MOST_FILES || NOT_WRITTEN.test(entry.name)) continue;
      const path = join(at, entry.name);
      // Links are not followed: they may lead back.
      if (entry.isDirectory()) {
        if (depth < DEEPEST) visit(path, depth + 1);
      } else if (entry.isFile() && CODE.test(entry.name)) paths.push(path);
    }
  };
  visit(folder, 0);
  const sources: Source[] = [];
  let left = MOST_TEXT;
  for (const path of paths.slice(0, MOST_FILES)) {
    const text = textOf(path);
    if (text === undefined || !isOfInterest(text)) continue;
    left -= text.length;
    if (left < 0) break;
    sources.push(new Source(relative(folder, path), text));
  }
  return { sources, cut: paths.length > MOST_FILES || left < 0 };
}

function listed(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((one, other) =>
      one.name < other.name ? -1 : 1,
    );
  } catch {
    return [];
  }
}

function textOf(path: string): string | undefined {
  try {
    return readNow(path, LARGEST_FILE).toString('utf8');
  } catch {
    return undefined;
  }
}
