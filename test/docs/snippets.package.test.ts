// Every snippet of the pages compiles against the package as it stands there, and what can run is run.
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { SECRET } from '../support/keyturn.js';
import { PAGES, ROOT } from './blocks.js';
import { type Compiled, compile, snippetsOf } from './compile.js';
import { runPage, type Surroundings } from './run.js';

/** Pages on libraries that are not installed here: test/docs/snippets.neighbours.test.ts. */
const pages = PAGES.filter((page) => snippetsOf(page).length > 0 && !page.startsWith('docs/bridges/'));

/** What express-session declares of requests is not what keyturn/express declares. */
const ALONE = ['docs/moving-in.md'];

/** Why the snippets of a page are compiled and not run here. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'docs/adapters.md': 'run by adapters.package.test.ts',
  'docs/own-store.md': 'run by own-store.package.test.ts',
  'docs/stores.md': 'needs engines: snippets.engines.test.ts',
  'docs/moving-in.md': 'needs an engine: snippets.engines.test.ts',
  'docs/nest.md': 'Nest is not installed here: npm run test:examples',
  'docs/getting-started/astro.md': 'Astro is not installed here',
  'docs/getting-started/nest.md': 'Nest is not installed here: npm run test:examples',
  'docs/getting-started/next.md': 'Next is not installed here: npm run test:examples',
  'docs/getting-started/nuxt.md': 'Nuxt is not installed here',
  'docs/getting-started/react-router.md': 'React Router is not installed here: npm run test:examples',
  'docs/getting-started/sveltekit.md': 'SvelteKit is not installed here',
  'docs/getting-started/tanstack-start.md': 'TanStack Start is not installed here',
  'docs/web.md': 'the frameworks are not installed here: npm run test:examples',
};

const SURROUNDINGS: Readonly<Record<string, Surroundings>> = {
  // Where there is no disk no secret is made.
  'docs/edge.md': { variables: { KEYTURN_SECURITY__SIGNING_SECRET: SECRET } },
  'docs/getting-started/workers.md': { variables: { KEYTURN_SECURITY__SIGNING_SECRET: SECRET } },
  // It waits until a step is safe.
  'docs/rotation.md': {
    variables: {
      KEYTURN_SECURITY__KEYRING__MAX_LAG: '1s',
      KEYTURN_SECURITY__KEYRING__CLOCK_SKEW: '1s',
      KEYTURN_SECURITY__KEYRING__LEASE: '6s',
    },
  },
  'docs/express-app.md': { settings: true },
  'docs/sealing.md': { settings: true },
};

let compiled: Compiled;

beforeAll(async () => {
  compiled = await compile(pages, ALONE, [join(ROOT, 'node_modules')]);
});

test('they compile, as strict as can be', () => {
  expect(compiled.complaints).toEqual([]);
});

describe('they run', () => {
  test.concurrent.each(pages.filter((page) => !(page in NOT_RUN)))('%s', async (page) => {
    expect(await runPage(compiled, page, SURROUNDINGS[page])).toMatch(/^all ran$/m);
  });
});
