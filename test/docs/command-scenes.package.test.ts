// Blocks of commands are run as they stand, in a folder of their own, by the command that comes with the package.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { STRONG } from '../support/machine.js';
import { tempDir } from '../support/temp-dir.js';
import { type Block, blocksIn, ROOT } from './blocks.js';

interface Scene {
  readonly page: string;
  /** A line of the block. */
  readonly with: string;
  /** What was done before, in shell. */
  readonly before?: string;
  /** What stands in the place of what the page leaves open. */
  readonly filled?: Readonly<Record<string, string>>;
  /** How each call of keyturn ends, in order. */
  readonly ends: readonly string[];
}

/** Steps become safe soon, and nobody says another profile. */
const ENV = {
  KEYTURN_ENV: 'dev',
  KEYTURN_SECURITY__KEYRING__MAX_LAG: '1s',
  KEYTURN_SECURITY__KEYRING__CLOCK_SKEW: '1s',
};

/** Of the key that signs. */
const KID = `$(keyturn status --json | node -pe 'JSON.parse(fs.readFileSync(0)).keys.find((k) => k.state === "active").kid')`;

const SCENES: readonly Scene[] = [
  {
    page: 'README.md',
    with: 'KEYTURN_ENV=prod npx keyturn doctor',
    filled: { '…  ': `${STRONG}  ` },
    ends: ['0 generate', '0 doctor'],
  },
  {
    page: 'README.md',
    with: 'npx keyturn rotate --wait',
    before: `export KEYTURN_SECURITY__SIGNING_SECRET=${STRONG}`,
    ends: ['0 init', '0 rotate', '3 retire'],
  },
  { page: 'docs/configuration.md', with: 'export KEYTURN_ENV=prod', ends: ['0 generate', '0 doctor'] },
  {
    page: 'docs/doctor.md',
    with: 'keyturn doctor --strict',
    before: `export KEYTURN_SECURITY__SIGNING_SECRET=${STRONG}; echo hunter2 > FILE`,
    ends: ['0 doctor', '0 doctor', '0 doctor', '0 doctor'],
  },
  {
    page: 'docs/rotation.md',
    with: 'keyturn rotate --wait       #',
    ends: ['0 init', '0 rotate', '3 retire'],
  },
  {
    page: 'docs/rotation.md',
    with: 'keyturn stage   --ring -',
    // The second has to wait for max_lag, however slow the machine is.
    before:
      'export KEYTURN_SECURITY__KEYRING__MAX_LAG=1h; keyturn init; cp .keyturn/keyring.json keyring.json',
    ends: ['0 init', '0 stage', '3 promote', '1 retire'],
  },
  {
    page: 'docs/rotation.md',
    with: 'keyturn rollback',
    before: 'keyturn init; keyturn rotate --wait',
    ends: ['0 init', '0 rotate', '0 rollback'],
  },
  {
    page: 'docs/rotation.md',
    with: 'keyturn impact revoke KID',
    before: `keyturn init; KID="${KID}"`,
    filled: { 'revoke KID': 'revoke "$KID"' },
    ends: ['0 init', '0 status', '0 impact', '0 revoke'],
  },
  {
    page: 'docs/keyring-document.md',
    with: '"$EDITOR" keyring.next.json',
    before: `keyturn init; export EDITOR="$PWD/bin/raise"`,
    ends: ['0 init', '0 doctor'],
  },
];

/** Stands for the commands that users have, and writes down how each call ends. */
function programs(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const write = (name: string, lines: readonly string[]) => {
    writeFileSync(join(bin, name), `${lines.join('\n')}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  const main = join(ROOT, 'dist/cli/main.js');
  write('keyturn', [
    '#!/bin/sh',
    `"${process.execPath}" "${main}" "$@"`,
    'code=$?',
    `echo "$code $1" >> "${join(folder, 'ends')}"`,
    'exit $code',
  ]);
  write('npx', ['#!/bin/sh', 'exec "$@"']);
  write('raise', [
    `#!${process.execPath}`,
    'const text = fs.readFileSync(process.argv[2], "utf8");',
    'const raise = (_, before, n) => before + (Number(n) + 1);',
    'fs.writeFileSync(process.argv[2], text.replace(/("generation": )(\\d+)/, raise));',
  ]);
  return bin;
}

test.concurrent.each(SCENES)('$page: $with', async ({ page, with: line, before = '', filled = {}, ends }) => {
  const blocks = blocksIn('sh').filter((block: Block) => block.page === page && block.code.includes(line));
  expect(blocks).toHaveLength(1);
  const code = Object.entries(filled).reduce(
    (text, [open, value]) => text.replaceAll(open, value),
    blocks[0]?.code ?? '',
  );
  const folder = tempDir();
  const path = [programs(folder), process.env.PATH].join(delimiter);
  const said = await new Promise<string>((done) => {
    const options = { cwd: folder, env: { PATH: path, ...ENV }, timeout: 120_000 };
    execFile('bash', ['--norc', '-c', `${before}\n${code}`], options, (_, stdout, stderr) =>
      done(stdout + stderr),
    );
  });
  const ended = readFileSync(join(folder, 'ends'), 'utf8').trim().split('\n');
  expect(ended, said).toEqual(ends);
});
