// Reports beside a keyring file: a folder with a small file for each process.
import { lstat, mkdir, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { readRegularFile, writeInformation } from '../disk/files.js';
import { hasEnded } from '../disk/identity.js';
import type { Keyring } from '../keyring/keyring.js';
import { type HeardReport, heardAs, isAuthentic, reportText } from './authentic.js';
import type { Count, Counts, CountsSpan } from './counts.js';
import { believed, ENDED_FILE, type LastSigned, noteEnded, readEnded } from './ended-processes.js';
import { aheadOfFiles } from './file-clock.js';
import { addCounts, isCountsFile, readCounts } from './file-counts.js';
import type { Fleet } from './fleet.js';
import { lastSignedBy, lastSignedOf, later } from './replica-facts.js';
import { LIMIT_BYTES, type ReplicaReport } from './report.js';
import { supersededIn } from './superseded.js';
import { UnverifiedLimits } from './unverified-limits.js';

/** A report that is so many leases old is cleared away. */
const FORGET_AFTER_LEASES = 4;

/** The processes that share a keyring file. */
export class FileFleet implements Fleet {
  readonly #path: string;
  readonly #lease: number;
  readonly #now: () => number;
  readonly #app: string | undefined;

  /**
   * @param path of the keyring file
   * @param lease seconds
   * @param now milliseconds since 1970
   * @param app of whoever reads and tells
   */
  constructor(path: string, lease: number, now: () => number, app?: string) {
    this.#path = path;
    this.#lease = lease;
    this.#now = now;
    this.#app = app;
  }

  async write(report: ReplicaReport, ring: Keyring | undefined): Promise<void> {
    const folder = await this.#folder();
    await writeInformation(join(folder, `${report.instance}.json`), `${reportText(report, ring)}\n`);
  }

  /** Made where it is missing. */
  async #folder(): Promise<string> {
    const folder = fleetFolder(this.#path);
    // Not the folders above it: where the keyring is gone, nothing must be created again.
    await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    if (!(await isOwnFolder(folder))) throw new Error('the folder of reports is not a folder');
    return folder;
  }

  async remove(last: ReplicaReport, ring: Keyring | undefined): Promise<void> {
    const folder = fleetFolder(this.#path);
    if (!(await isOwnFolder(folder))) return;
    // Where that cannot be kept, the report stays. The next reader sees that its process has ended.
    if (await noteEnded(folder, lastSignedOf(last), ring, last.app))
      await unlink(join(folder, `${last.instance}.json`)).catch(() => {});
  }

  /** Old reports are cleared away, as is what a writer left unfinished; what their processes signed is kept. */
  async read(ring: Keyring | undefined, tidy: boolean): Promise<readonly HeardReport[]> {
    const lease = this.#lease;
    const now = this.#now();
    const reading = { ring, lease, now, app: this.#app };
    const folder = fleetFolder(this.#path);
    const names = (await isOwnFolder(folder)) ? await readdir(folder).catch(() => [] as string[]) : [];
    const hints = new UnverifiedLimits();
    const files = names.filter(mayBeReport).sort();
    const found = await inParallel(files, (name) => readOne(folder, name, reading, hints));
    const superseded = supersededIn(found.flatMap(({ report }) => report ?? []));
    const gone = (report: HeardReport) => superseded.has(report.instance) || hasEnded(report);
    const isLive = ({ report, at }: Filed) =>
      report !== undefined && !gone(report) && now - at <= lease * 1000;
    if (tidy) {
      const dead = found.filter((each) => !isLive(each));
      const isOver = ({ report, at }: Filed) =>
        now - at > FORGET_AFTER_LEASES * lease * 1000 || (report !== undefined && gone(report));
      await clear(folder, dead, dead.filter(isOver), reading, hints);
    }
    return found
      .filter(isLive)
      .map(({ report, at }) => ({ ...(report as HeardReport), at: Math.min(at, now) }));
  }

  async forget(report: HeardReport, ring: Keyring | undefined): Promise<void> {
    const folder = fleetFolder(this.#path);
    if (await noteEnded(folder, lastSignedBy(report, this.#now()), ring, this.#app))
      await unlink(join(folder, `${report.instance}.json`)).catch(() => {});
  }

  async keep(told: LastSigned, ring: Keyring): Promise<void> {
    await noteEnded(fleetFolder(this.#path), told, ring, this.#app);
  }

  async ended(ring: Keyring | undefined): Promise<LastSigned> {
    return believed(await readEnded(fleetFolder(this.#path)), ring);
  }

  /** By how many milliseconds the clock here is ahead of that of the file system: see {@link aheadOfFiles}. */
  async clockAhead(ring: Keyring, skew: number, probes: boolean): Promise<number | undefined> {
    const folder = fleetFolder(this.#path);
    if (!(await isOwnFolder(folder))) return undefined;
    return await aheadOfFiles(folder, ring, { skew, probes, lease: this.#lease, now: this.#now });
  }

  async count(span: CountsSpan, added: readonly Count[]): Promise<void> {
    await addCounts(await this.#folder(), span, added, this.#now());
  }

  async counted(span: CountsSpan): Promise<Counts> {
    return await readCounts(fleetFolder(this.#path), span, this.#now());
  }
}

/** What a writer of anything left unfinished goes like an old report. */
function mayBeReport(name: string): boolean {
  return /\.(json|tmp)$/.test(name) && name !== ENDED_FILE && !isCountsFile(name);
}

/** The folder of reports beside a keyring file. */
export function fleetFolder(path: string): string {
  return `${path}.fleet`;
}

/** A symlink could lead anywhere, and old files in there are cleared away. */
async function isOwnFolder(folder: string): Promise<boolean> {
  return await lstat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** How a folder of reports is read. */
interface Reading {
  readonly ring: Keyring | undefined;
  /** Seconds. */
  readonly lease: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Of whoever reads. */
  readonly app: string | undefined;
}

/** A file in the folder, and what is in it. */
interface Filed {
  readonly file: string;
  /** Undefined for what is not a valid report. */
  readonly report: HeardReport | undefined;
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
}

/** What they may have signed is kept first, once for all of them. Where that fails, the reports that tell it stay. */
async function clear(
  folder: string,
  dead: readonly Filed[],
  over: readonly Filed[],
  { ring, lease, now, app }: Reading,
  hints: UnverifiedLimits,
): Promise<void> {
  const tells = ({ report }: Filed) => report?.authentic === true;
  const told = dead.map(
    ({ report, at }): LastSigned =>
      // Until the end of its lease it may have signed without saying so.
      report === undefined ? {} : lastSignedBy(report, Math.min(now, at + lease * 1000)),
  );
  const kept = await noteEnded(folder, told.reduce(later, {}), ring, app);
  const left = [...(kept ? over.filter(tells) : []), ...hints.toClear(over.filter((one) => !tells(one)))];
  await inParallel(left, async ({ file }) => await unlink(file).catch(() => {}));
}

async function readOne(
  folder: string,
  name: string,
  { ring, lease, now }: Reading,
  hints: UnverifiedLimits,
): Promise<Filed> {
  const file = join(folder, name);
  const text = name.endsWith('.json') ? (await readRegularFile(file, LIMIT_BYTES))?.trimEnd() : undefined;
  const authentic = text !== undefined && isAuthentic(text, ring);
  // A clock that is far ahead, or anybody, may have dated it. Then the file tells its age: it must not hold up a step
  // until that date.
  const written = async () =>
    await lstat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => now,
    );
  if (!authentic) {
    const at = await written();
    const isRead = text !== undefined && now - at <= lease * 1000 && hints.admits(text);
    return { file, at, report: isRead ? namedAs(name, heardAs(text, false, now)) : undefined };
  }
  const report = namedAs(name, heardAs(text, true, now));
  const dated = report !== undefined && report.dated <= now + lease * 1000;
  return { file, at: dated ? report.dated : await written(), report };
}

/** A report in a file that another process's would have does not count. */
function namedAs(name: string, report: HeardReport | undefined): HeardReport | undefined {
  return report !== undefined && `${report.instance}.json` === name ? report : undefined;
}

/** The most files that are open at once. */
const AT_ONCE = 32;

async function inParallel<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<readonly R[]> {
  const done: R[] = new Array(all.length);
  const left = all.entries();
  const worker = async () => {
    for (const [n, one] of left) done[n] = await work(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return done;
}
