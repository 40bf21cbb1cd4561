// Reads options and words from the command line. Nothing that was typed is repeated in an error, unless it is a
// near miss of a known name: anything else may be a secret in the wrong place.
import { parseArgs } from 'node:util';
import { isSlipOf, nearest } from '../config/nearest.js';
import type { Option } from './command.js';
import { type Stop, wrongUsage } from './stop.js';

export interface Parsed {
  /** By option name; true for a switch. */
  readonly options: ReadonlyMap<string, string | true>;
  /** The same of those that may be given more than once: every value, in order. */
  readonly many: ReadonlyMap<string, readonly string[]>;
  readonly words: readonly string[];
}

/** @param help the command that lists these options */
export function parse(args: readonly string[], known: readonly Option[], help: string): Parsed {
  const { tokens } = parseArgs({
    args: kidsAsWords(args, known),
    options: Object.fromEntries(
      known.map(({ name, short, value }) => [
        name,
        { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const options = new Map<string, string | true>();
  const many = new Map<string, string[]>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const option = known.find(({ name }) => name === token.name);
    if (option === undefined)
      throw unknownName(
        'option',
        `--${token.name}`,
        known.map(({ name }) => `--${name}`),
        `${help} lists the options`,
      );
    const value = readValue(option, token.value, token.inlineValue === true);
    options.set(option.name, value);
    if (option.many && value !== true) many.set(option.name, [...(many.get(option.name) ?? []), value]);
  }
  return { options, many, words };
}

/** A key id may begin with a dash, which would make it a row of short options. There are none of seven letters. */
function kidsAsWords(args: readonly string[], known: readonly Option[]): string[] {
  const takesValue = (arg: string | undefined) =>
    known.some(({ name, value }) => value !== undefined && arg === `--${name}`);
  const isKid = (arg: string, index: number) =>
    /^-[A-Za-z0-9_][\w-]{6}$/.test(arg) && !takesValue(args[index - 1]);
  if (args.includes('--') || !args.some(isKid)) return [...args];
  return [...args.filter((arg, index) => !isKid(arg, index)), '--', ...args.filter(isKid)];
}

function readValue(option: Option, value: string | undefined, inline: boolean): string | true {
  const { name, choices } = option;
  if (option.value === undefined) {
    if (value !== undefined) throw wrongUsage(`--${name} takes no value`, `write --${name} alone`);
    return true;
  }
  if (value === undefined || value === '' || (!inline && value.length > 1 && value.startsWith('-'))) {
    throw wrongUsage(`--${name} needs a value`, `write --${name} ${option.value}`);
  }
  if (choices !== undefined && !choices.includes(value)) {
    if (choices.length === 1)
      throw wrongUsage(`--${name} takes ${choices[0]} only`, `write --${name} ${choices[0]}`);
    throw wrongUsage(
      `--${name} takes ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`,
      didYouMean(value, choices) ?? `write --${name} ${choices[0]}, for example`,
    );
  }
  return value;
}

/** What other tools call an option: no slip of a name, and near to a wrong one. */
const MEANT: ReadonlyMap<string, string> = new Map([
  ['--why', '--reason'],
  ['--message', '--reason'],
  ['--user', '--who'],
  ['--by', '--who'],
  ['--profile', '--env'],
]);

/** The error for a name that nobody knows. @param help what lists those that are known */
export function unknownName(what: string, typed: string, known: readonly string[], help: string): Stop {
  const meant = MEANT.get(typed);
  if (meant !== undefined && known.includes(meant))
    return wrongUsage(`unknown ${what} ${typed}`, `did you mean ${meant}?`);
  const isSlip = isSlipOf(typed, nearest(typed, known));
  return wrongUsage(
    isSlip ? `unknown ${what} ${typed}` : `unknown ${what}`,
    didYouMean(typed, known) ?? help,
  );
}

function didYouMean(typed: string, known: readonly string[]): string | undefined {
  const near = nearest(typed, known);
  return near === undefined ? undefined : `did you mean ${near}?`;
}
