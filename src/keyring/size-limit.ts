// How large a keyring document may be: one that is larger would not be read any more. Revoking must never fail for want
// of room, so that every other step leaves some for it, and it makes room itself where that is used up.
import { KeyturnError } from '../errors.js';
import { writeDocument } from './document.js';
import { Keyring } from './keyring.js';
import { foldedHistory } from './prune.js';

/** The most that is read of a document. */
export const DOCUMENT_LIMIT_BYTES: number = 1024 * 1024;
const LEFT_FOR_REVOKE_BYTES = 64 * 1024;
/** The lines of the history that are kept where there is no room for more, at the first, second, … try. */
const FEWER_LINES = [100, 10, 1];
/** What is left of a text where there is no room for all of it. */
const SHORT_CHARACTERS = 200;

/** @throws KeyturnError `keyring_full` for a ring that leaves no room to revoke its keys */
export function requireSpareRoom(ring: Keyring): Keyring {
  if (fits(ring, DOCUMENT_LIMIT_BYTES - LEFT_FOR_REVOKE_BYTES)) return ring;
  throw new KeyturnError(
    'keyring_full',
    'the keyring would leave no room for revoking its keys: it may have 1 MiB, of which 64 KiB stay free for that',
    'shorten the reasons in its history by hand; keyturn revoke goes on working',
  );
}

/** The ring that a revocation makes, without what there is no room for. */
export function shrinkToFit(ring: Keyring): Keyring {
  let fitting = ring;
  for (const lines of FEWER_LINES) {
    if (fits(fitting, DOCUMENT_LIMIT_BYTES)) return fitting;
    fitting = smaller(fitting, lines);
  }
  return fitting;
}

function fits(ring: Keyring, bytes: number): boolean {
  return Buffer.byteLength(writeDocument(ring)) <= bytes;
}

/** Not published yet, it may still lose keys: its mark is that of what is left. */
function smaller({ keys, id = '', generation, history, marks, replaces }: Keyring, lines: number): Keyring {
  const shorter = foldedHistory(history, lines).map(({ who, why, ...line }) => ({
    ...line,
    ...(who === undefined ? {} : { who: who.slice(0, SHORT_CHARACTERS) }),
    ...(why === undefined ? {} : { why: why.slice(0, SHORT_CHARACTERS) }),
  }));
  return new Keyring(
    keys.filter(({ state }) => state !== 'retired'),
    {
      id,
      generation,
      history: shorter,
      marks: marks.filter((mark) => mark.generation < generation),
      replaces,
    },
  );
}
