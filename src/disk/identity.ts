// Which process this is, and whether another one still runs. A host name and a process id do not tell: containers of
// one image share a name as often as not, and each counts its processes from 1.
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Where process ids are given: a container has one of its own. */
export interface PidNamespace {
  /** Names it among those that are there; one that is gone may leave its name to another. */
  readonly id: string;
  /** When its first process began, in clock ticks since the machine started: comparable on one boot of it. */
  readonly since: number;
}

export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Names this run of the kernel. */
  readonly boot?: string | undefined;
  readonly namespace?: PidNamespace | undefined;
}

let own: ProcessIdentity | undefined;

/** Linux tells all of it in /proc. Elsewhere, and where /proc is hidden, the host's name and the process id have to do. */
export function thisProcess(): ProcessIdentity {
  own ??= {
    host: hostname(),
    pid: process.pid,
    boot: attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: attempt(() => ({ id: namespaceId(), since: startOf(1) })),
  };
  return own;
}

/**
 * Whether a process is certain to have ended. Only one of this pid namespace can be looked for: another's ids mean
 * other processes here.
 */
export function hasEnded(other: ProcessIdentity): boolean {
  return isNeighbour(other) && !isRunning(other.pid);
}

/** Whether a process is one of this machine and pid namespace: what it calls a path is one here. */
export function isNeighbour({ host, boot, namespace }: ProcessIdentity): boolean {
  const self = thisProcess();
  return host === self.host && boot === self.boot && namespace?.id === self.namespace?.id;
}

/** Whether a process of this namespace runs; one that may not be signalled does. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function namespaceId(): string {
  const [id] = /\d+/.exec(readlinkSync('/proc/self/ns/pid')) ?? [];
  if (id === undefined) throw new Error('no name of a namespace');
  return id;
}

/** proc_pid_stat(5): field 22, counted behind the name in brackets, which may hold anything. */
function startOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  if (!Number.isSafeInteger(ticks)) throw new Error('no moment');
  return ticks;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
