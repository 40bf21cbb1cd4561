// Processes that read their configuration in another place than whoever asks: most often a command was typed in the wrong
// folder, and goes by other settings than they do.

import { dirname } from 'node:path';
import { shellQuote } from '../config/shell-quote.js';
import { isNeighbour } from '../disk/identity.js';
import type { HeardReport } from '../fleet/authentic.js';
import type { Resolution } from '../resolve/resolve.js';
import { besideDocument } from './differences.js';
import type { Status } from './status.js';

/** One line for each such place. What no key of the ring vouches for leads nobody into a folder. */
export function readOtherConfig(
  status: Status,
  { configFiles }: Resolution,
  asker: string,
): readonly { readonly what: string; readonly hint: string }[] {
  const { replicas, silent, profile } = status;
  const beside = besideDocument(status);
  const others = new Map<string, HeardReport>();
  for (const replica of replicas) {
    if (!replica.authentic || silent.has(replica.instance) || !isNeighbour(replica)) continue;
    const theirs = replica.configFiles;
    if (theirs !== undefined && theirs.join('\n') !== configFiles.join('\n'))
      others.set(theirs.join('\n'), replica);
  }
  return [...others.values()].map((replica) => {
    const { instance, configFiles: theirs = [] } = replica;
    const what = `${instance} reads ${files(theirs)}, and ${asker} ${files(configFiles)}`;
    // It looks for the document in this very folder, or has read some of the files here: the others came later.
    const some = theirs.length > 0 && theirs.every((path) => configFiles.includes(path));
    const here = theirs.length === 0 ? beside.includes(replica) : some && replica.profile === profile;
    const hint = here
      ? 'it was started before they were there: restart it'
      : theirs[0] === undefined
        ? 'run it in the folder where that process was started'
        : `run it in its folder, or with --cwd ${shellQuote(dirname(theirs[0]))}`;
    return { what, hint };
  });
}

function files(paths: readonly string[]): string {
  return paths.length === 0 ? 'no configuration file' : paths.join(' and ');
}
