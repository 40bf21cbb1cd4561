// Nitro, as Nuxt has it (2) and as it stands alone (3): what it has built is copied to where there are no packages. It takes
// along what it finds by reading the package, files that are loaded late included.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectAnswer } from './prove/server.mjs';

const NITRO = { v2: 'nitropack', v3: 'nitro' };

for (const [version, name] of Object.entries(NITRO)) {
  const command = `node_modules/${name}/dist/cli/index.mjs`;
  const built = spawnSync(process.execPath, [command, 'build', '--dir', version], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`${name} build\n${built.stdout}${built.stderr}`);
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-nitro-'));
  try {
    cpSync(`${version}/.output`, folder, { recursive: true });
    await expectAnswer(name, [join(folder, 'server/index.mjs')]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
