// The check of libraries that sign with a secret of their own, beside Keyturn.
import type { FoundNeighbour } from '../neighbours/find.js';
import { oneLine } from '../printable.js';
import type { Facts } from './facts.js';
import { type Point, pass, warn } from './finding.js';

/** Each with its version, what becomes of its users at a rotation, and what cures that. */
export function neighbours(facts: Facts): readonly Point[] {
  const used = facts.neighbours.filter(({ bridged, places }) => bridged || places.length > 0);
  if (used.length === 0) return [pass('no library is found that signs with a secret of its own')];
  return used.map((one) => pointOf(one, facts.resolution.settings.moveIn.has(one.neighbour.purpose)));
}

/** So many places are named. */
const MOST_PLACES = 5;

/** @param moves whether configuration names the secrets that it has had */
function pointOf(
  { neighbour, version = '(not installed)', bridged, left }: FoundNeighbour,
  moves: boolean,
): Point {
  const { package: name, bridge, purpose, alone } = neighbour;
  if (bridged && left.length > 0) {
    const places = left.slice(0, MOST_PLACES).map(({ path, line }) => `${oneLine(path)}:${line}`);
    const more = left.length > MOST_PLACES ? ` and ${left.length - MOST_PLACES} more` : '';
    return warn(
      `${name} ${version} has keyturn/bridges/${bridge}, and still a secret of its own at ${places.join(', ')}${more}: ${alone}`,
      'keyturn adopt says what to write there',
    );
  }
  if (bridged) {
    const old = moves
      ? ''
      : `; no [move_in.${purpose}] names an older secret, and what one has signed is refused`;
    return pass(`${name} ${version} signs with the keys of Keyturn (keyturn/bridges/${bridge})${old}`);
  }
  return warn(
    `${name} ${version} signs with a secret of its own: ${alone}`,
    `use keyturn/bridges/${bridge}: keyturn adopt says where, and what to write`,
  );
}
