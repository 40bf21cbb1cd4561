// What `npm start` runs: compiles what has changed, then starts the example app in this process.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compile, root } from './compile.js';

const locker = join(root, 'examples', 'locker');

if (compile(locker, 'locker', 'Keyturn and Locker')) {
  // For trying things out, not for a server: a real app leaves this to its surroundings.
  if (process.env.KEYTURN_ENV === undefined && process.env.NODE_ENV === undefined) {
    process.env.KEYTURN_ENV = 'dev';
  }
  await import(pathToFileURL(join(locker, 'dist', 'main.js')).href);
}
