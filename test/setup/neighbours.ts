// Installs the libraries that Keyturn lives beside, where that has not been done.
import { installNeighbours } from '../../scripts/neighbours.js';

export default function neighbours(): void {
  if (!installNeighbours())
    throw new Error(
      'the libraries of compat/neighbours could not be installed: is the registry of npm there?',
    );
}
