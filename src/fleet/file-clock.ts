// The clock of the file system that holds a keyring: on a volume that machines share it is that of one server.
//
// By itself it proves little: that server may be the one that is wrong. So it counts where a process that holds the ring
// agrees with it.
import { lstat, readdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRegularFile } from '../disk/files.js';
import { randomName } from '../keyring/begin.js';
import type { Keyring } from '../keyring/keyring.js';
import { isAuthentic } from './authentic.js';
import { aheadOf, isOff } from './clock-difference.js';
import { LIMIT_BYTES, readReport } from './report.js';

/** Seconds. File systems that keep whole seconds, or every other one, show less than their clock does. */
const COARSE = 2;

interface FileClockParts {
  readonly skew: number;
  readonly lease: number;
  readonly now: () => number;
  readonly probes: boolean;
}

/**
 * By how many milliseconds the clock here is ahead of that of the file system, where it is by more than the skew and a
 * fresh report agrees with the file system; 0 where it is not, undefined where nothing tells.
 *
 * @param folder of reports
 * @param skew, lease in seconds
 * @param now milliseconds since 1970
 * @param probes whether a file may be made there, and taken away. Without that the newest report tells whether the clock
 *   here is behind, and nothing whether it is ahead
 */
export async function aheadOfFiles(
  folder: string,
  ring: Keyring,
  { skew, lease, now, probes }: FileClockParts,
): Promise<number | undefined> {
  const before = now();
  const reports = await reportsIn(folder);
  const newest = Math.max(...reports.map(({ written }) => written));
  const shows = probes ? await clockOf(folder) : newest > before ? newest : undefined;
  if (shows === undefined) return undefined;
  const ahead = aheadOf(shows, before, now());
  const most = skew + COARSE;
  if (!isOff(ahead, most)) return 0;
  for (const { file, written } of reports) {
    if (isOff(shows - written, lease)) continue;
    const text = (await readRegularFile(file, LIMIT_BYTES))?.trimEnd();
    const dated = text !== undefined && isAuthentic(text, ring) ? readReport(text)?.at : undefined;
    if (dated !== undefined && !isOff(dated - written, most)) return ahead;
  }
  return undefined;
}

/** @returns with the moment when each was written, by the clock of the file system */
async function reportsIn(folder: string): Promise<ReadonlyArray<{ file: string; written: number }>> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const files = names.filter((name) => name.endsWith('.json')).map((name) => join(folder, name));
  const times = await Promise.all(files.map(timeOf));
  return files.flatMap((file, n) => {
    const written = times[n];
    return written === undefined ? [] : [{ file, written }];
  });
}

/** Undefined where nothing may be written, and where there is no such folder. */
async function clockOf(folder: string): Promise<number | undefined> {
  // What is left of it goes like a report that was not finished.
  const path = join(folder, `clock-${randomName()}.tmp`);
  try {
    await writeFile(path, '', { flag: 'wx', mode: 0o600 });
    return await timeOf(path);
  } catch {
    return undefined;
  } finally {
    await unlink(path).catch(() => {});
  }
}

async function timeOf(path: string): Promise<number | undefined> {
  return await lstat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}
