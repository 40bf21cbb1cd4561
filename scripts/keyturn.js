#!/usr/bin/env node
// What `npx keyturn` runs in a clone of the repository: `npm ci` puts it where npx looks (scripts/link-command.js).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const main = join(import.meta.dirname, '..', 'dist', 'cli', 'main.js');
if (existsSync(main)) await import(pathToFileURL(main).href);
else {
  process.stderr.write(
    'keyturn: error: this clone of Keyturn is not compiled yet\nkeyturn: hint: run npm run build first\n',
  );
  process.exitCode = 1;
}
