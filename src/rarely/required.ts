// On Node, Bun and Deno: each is read from its file when somebody needs it. They can require a module, and it is the one
// that `import` gives.
import { createRequire } from 'node:module';
import type { Rarely } from './bundled.js';
import traced from './files.cjs';

const { files } = traced as unknown as { files: { readonly [Name in keyof Rarely]: () => Rarely[Name] } };

const loaded = new Proxy(files, {
  get: (all, name: keyof Rarely) => {
    try {
      return all[name]();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_REQUIRE_ESM') throw error;
      // Jest with modules, on a Node older than 24: its own `require` takes what is written for it alone.
      const own = createRequire(import.meta.url)('#rarely') as typeof import('./bundled.js');
      return own.rarely()[name];
    }
  },
});

export const rarely = (): Rarely => loaded as unknown as Rarely;
