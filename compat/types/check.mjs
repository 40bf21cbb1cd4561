// The consumer, compiled by the oldest TypeScript that is supported, by the last of its line and by the newest, in every way
// of resolving that each has; as a module and as CommonJS. Declarations of packages are checked, too.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const COMPILERS = ['5.4', '5.9', 'newest'];
const WAYS = [
  { module: 'CommonJS', moduleResolution: 'node10', type: 'commonjs' },
  { module: 'Node16', moduleResolution: 'node16', type: 'commonjs' },
  { module: 'Node16', moduleResolution: 'node16', type: 'module' },
  { module: 'NodeNext', moduleResolution: 'nodenext', type: 'commonjs' },
  { module: 'NodeNext', moduleResolution: 'nodenext', type: 'module' },
  { module: 'ESNext', moduleResolution: 'bundler', type: 'module' },
];
/** What the newest no longer has. */
const GONE = { newest: ['node10'] };

for (const compiler of COMPILERS) {
  for (const { type, ...resolving } of WAYS) {
    const { moduleResolution } = resolving;
    if (GONE[compiler]?.includes(moduleResolution)) continue;
    const name = `${compiler}-${moduleResolution}-${type}`;
    const folder = join('out', name);
    mkdirSync(folder, { recursive: true });
    cpSync('consumer.ts', join(folder, 'consumer.ts'));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }));
    const compilerOptions = {
      ...resolving,
      target: 'ES2022',
      strict: true,
      noEmit: true,
      esModuleInterop: true,
      types: ['node'],
      typeRoots: ['../../node_modules/@types'],
      // Of other packages the declarations are not this one's to mend.
      skipLibCheck: false,
    };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, include: ['consumer.ts'] }),
    );
    const tsc = `node_modules/typescript-${compiler}/bin/tsc`;
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    const own = stdout
      .split('\n')
      .filter(
        (line) => line !== '' && !/^node_modules\/(?!keyturn\/)|^\s/.test(line.replace(/^(\.\.\/)+/, '')),
      );
    if (own.length === 0) continue;
    console.error(`${name}\n${own.join('\n')}`);
    process.exitCode = 1;
  }
}
