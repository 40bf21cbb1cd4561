// npm runs this after `npm ci` in a clone: npx finds the command of the clone itself, which npm links for dependencies
// alone. It is the script `dependencies`, which npm runs for the clone alone: `prepare` would be announced to everybody
// who installs the package, as a script that runs. Where links cannot be made, as for some users of Windows, nothing is lost but that.
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const bin = join(import.meta.dirname, '..', 'node_modules', '.bin');
try {
  mkdirSync(bin, { recursive: true });
  rmSync(join(bin, 'keyturn'), { force: true });
  symlinkSync(join('..', '..', 'scripts', 'keyturn.js'), join(bin, 'keyturn'));
} catch (error) {
  console.error(`npx keyturn is not available in this clone: ${error.message}`);
}
