// A library that sessions could move in from, and that no adapter names.
import { internalsOf, type Keyturn } from '../keyturn.js';
import { TRAITS } from './traits.js';

export function tellUnused(keyturn: Keyturn): void {
  const { movingIn, logger } = internalsOf(keyturn);
  for (const { name, format } of movingIn.values())
    if (TRAITS[format] !== undefined)
      logger.warn(
        {
          event: 'move_in.unused',
          name,
          hint: `write moveIn: { '${name}': { … } }; nothing is to be done where a bridge has the section`,
        },
        `sessions of ${format} do not move in: [move_in.${name}] is there, and the adapter has no option moveIn`,
      );
}
