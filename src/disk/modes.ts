// Who may do what with a file, as its mode says.
import { platform } from 'node:os';

/**
 * Which bits of a mode are set for others than the owner. None on Windows: there a file has the rights of its folder,
 * and Node.js makes up a mode that says nothing of them.
 */
export function bitsOfOthers(mode: number, system: NodeJS.Platform = platform()): number {
  return system === 'win32' ? 0 : mode & 0o077;
}
