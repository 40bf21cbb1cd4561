// The end of a connection of node-redis, whenever it comes.

/** What is used here of one node-redis client. */
interface Ending {
  on(event: 'connect' | 'error' | 'reconnecting', listener: () => void): unknown;
  destroy?(): void;
}

/**
 * Its own `destroy()` does not know of a socket that is being made: that is there a moment later, belongs to nobody, and
 * keeps the process. Here it is waited for, which `connectTimeout` bounds.
 *
 * @param connection one that is about to connect
 * @returns a function that ends it for good
 */
export function endingOf(connection: Ending): () => void {
  let isMaking = true;
  let isOver = false;
  const end = (): void => {
    isOver = true;
    if (isMaking) return;
    try {
      connection.destroy?.();
    } catch {
      // Until version 6 it throws where it has ended already.
    }
  };
  const made = (): void => {
    isMaking = false;
    if (isOver) end();
  };
  connection.on('connect', made);
  connection.on('error', made);
  connection.on('reconnecting', () => {
    isMaking = true;
  });
  return end;
}
