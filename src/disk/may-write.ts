// Who else may change what is read.

/**
 * Whether others than those who run this process anyway may put something into a folder. Windows has no such bits.
 *
 * @param found what the file system says of it
 * @param trusted the owner of what was started: who may change the program may change what it reads
 * @param user the effective user
 */
export function othersMayWrite(
  { mode, uid }: { readonly mode: number; readonly uid: number },
  trusted?: number,
  user: number | undefined = process.geteuid?.(),
): boolean {
  if (user === undefined) return false;
  // A folder that all may write to, with the sticky bit, is shared on purpose: even root does not own what is in /tmp.
  if ((mode & 0o002) !== 0 && (uid !== user || (mode & 0o1000) !== 0)) return true;
  return ![0, user, trusted].includes(uid);
}
