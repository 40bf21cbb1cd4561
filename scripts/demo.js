// What `npm run demo` runs: compiles what has changed, then runs keyturn demo in this process.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compile, root } from './compile.js';

if (compile(root, 'keyturn', 'Keyturn')) {
  process.argv.splice(2, 0, 'demo');
  await import(pathToFileURL(join(root, 'dist', 'cli', 'main.js')).href);
}
