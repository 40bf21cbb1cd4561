// Every command line of the pages is one that can be typed: the command is there, and so are its options and words.
import { describe, expect, test } from 'vitest';
import { COMMON_OPTIONS } from '../../src/cli/command.js';
import { LOADERS } from '../../src/cli/commands.js';
import { expectWords } from '../../src/cli/dispatch.js';
import { parse } from '../../src/cli/parse.js';
import { Stop } from '../../src/cli/stop.js';
import { blocksIn, blocksOf, PAGES, read } from './blocks.js';
import { commandsIn, keyturnArgs } from './shell.js';

interface Call {
  readonly place: string;
  readonly args: readonly string[];
}

const inBlocks: readonly Call[] = blocksIn('sh').flatMap(({ page, line, code }) =>
  commandsIn(code).flatMap((words) => {
    const args = keyturnArgs(words);
    return args === undefined ? [] : [{ place: `${page}:${line} ${args.join(' ')}`, args }];
  }),
);

/** `keyturn rotate --wait` in the midst of a sentence; forms of a command (`[KID]`, `…`) are none that can be typed. */
const inText: readonly Call[] = PAGES.flatMap((page) =>
  proseOf(page).flatMap((line, at) =>
    [...line.matchAll(/`((?:npx )?keyturn [^`]+)`/g)]
      .filter(([, span]) => !/[[…]|TOKEN\|-/.test(span as string))
      .flatMap(([, span]) => commandsIn(span as string).map(keyturnArgs))
      .flatMap((args) =>
        args === undefined ? [] : [{ place: `${page}:${at + 1} ${args.join(' ')}`, args }],
      ),
  ),
);

/** The lines of a page, those of blocks empty. */
function proseOf(page: string): string[] {
  const lines = read(page).split('\n');
  for (const { line, code } of blocksOf(page)) lines.fill('', line - 1, line - 1 + code.split('\n').length);
  return lines;
}

/** What the command line says against it. */
async function faultOf(args: readonly string[]): Promise<string | undefined> {
  if (args.every((arg) => ['--help', '-h', '--version'].includes(arg))) return undefined;
  const [name = '', ...rest] = args[0] === 'help' ? [args[1] ?? 'COMMAND', '--help'] : args;
  if (name === 'COMMAND') return undefined;
  if (!Object.hasOwn(LOADERS, name)) return `there is no command ${name}`;
  const command = await LOADERS[name as keyof typeof LOADERS]();
  try {
    const { options, words } = parse(rest, [...command.options, ...COMMON_OPTIONS], '');
    if (!options.has('help') && rest.length > 0) expectWords(words, command.words, '');
  } catch (error) {
    if (error instanceof Stop) return `${error.message} (${error.hint})`;
    throw error;
  }
  return undefined;
}

test('there are some', () => {
  expect(inBlocks.length).toBeGreaterThan(30);
  expect(inText.length).toBeGreaterThan(100);
});

describe('what blocks run', () => {
  test.each(inBlocks)('$place', async ({ args }) => {
    expect(await faultOf(args)).toBeUndefined();
  });
});

test('what sentences name', async () => {
  const faults = await Promise.all(inText.map(async ({ place, args }) => [place, await faultOf(args)]));
  expect(faults.filter(([, fault]) => fault !== undefined)).toEqual([]);
});

/** Programs that the pages may ask for. */
const PROGRAMS = [
  ...[
    'npx',
    'npm',
    'node',
    'keyturn',
    './myapp',
    'docker',
    'kubectl',
    'sudo',
    'curl',
    'jq',
    'ask',
    '$EDITOR',
  ],
  ...['export', 'unset', 'cd', 'mv', 'cp', 'rm', 'chmod', 'umask', 'base64'],
  ...['bun', 'deno', 'echo', 'wait', '}'],
];

test('each block asks for programs that one may expect', () => {
  const others = blocksIn('sh').flatMap(({ page, line, code }) =>
    commandsIn(code)
      .map(([program]) => program as string)
      // A function that the block itself writes is one of them.
      .filter((program) => !PROGRAMS.includes(program) && !code.includes(`${program.replace('()', '')}() {`))
      .map((program) => `${page}:${line} ${program}`),
  );
  expect(others).toEqual([]);
});

describe('a mistake is found', () => {
  test.each([
    ['keyturn rotat', 'there is no command rotat'],
    ['npx keyturn rotate --wiat', 'unknown option'],
    ['A=1 keyturn import a b', 'too many words'],
    ['A="$(keyturn revoke --reason x)" | head', 'KID is missing'],
    ['docker compose run --rm keyring node dist/cli/main.js status now', 'too many words'],
  ])('%s', async (line, fault) => {
    const [args] = commandsIn(line).flatMap((words) => [keyturnArgs(words)]);
    expect(await faultOf(args ?? [])).toContain(fault);
  });

  test('and what follows a # or stands behind > is not one', () => {
    expect(commandsIn('a b "c d" > e # f\n\nG=1 h | i <j')).toEqual([['a', 'b', 'c d'], ['h'], ['i']]);
  });
});
