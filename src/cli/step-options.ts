// The options that several steps of a key's life take, and what was typed for them.
import { userInfo } from 'node:os';
import { readDuration } from '../config/value.js';
import { INSTANCE_NAME } from '../formats.js';
import { historyTextProblem } from '../keyring/history-text.js';
import type { StepOptions } from '../rotation/step.js';
import { replicasTyped } from '../words/replicas.js';
import type { Context, Option } from './command.js';
import { wrongUsage } from './stop.js';

export const WHO: Option = {
  name: 'who',
  value: 'NAME',
  about: 'who does it, for the history (default: KEYTURN_WHO, else the user)',
};

export const PIPED: Option = {
  name: 'ring',
  value: '-',
  choices: ['-'],
  about: 'a document from standard input, the new one to standard output',
};

export const STEP_OPTIONS: readonly Option[] = [
  { name: 'reason', value: 'TEXT', about: 'why: it stands in the history' },
  WHO,
  {
    name: 'gone',
    value: 'INSTANCE',
    about: 'a process that has ended: the history notes it (several: a,b)',
  },
  { name: 'dry-run', about: 'change nothing, and say what would be' },
  PIPED,
];

export const REPLICAS: Option = {
  name: 'replicas',
  value: 'N',
  about: 'how many there are: no wait once all of them report the key',
};

export const ACTIVATE_IN: Option = {
  name: 'activate-in',
  value: 'DURATION',
  about: 'the key signs by itself after so long: 10min, 2h, 1d',
};

/** The options that every step takes. */
export function stepOptions(context: Context): StepOptions {
  const why = whyOf(context);
  const typed = context.value('replicas');
  const replicas = typed === undefined ? undefined : replicasTyped(typed);
  if (typed !== undefined && replicas === undefined) {
    throw wrongUsage('--replicas takes a whole number', 'write --replicas 3, for example');
  }
  return {
    who: whoOf(context),
    why,
    replicas,
    gone: namesOf(context.value('gone')),
    dryRun: context.has('dry-run'),
  };
}

function namesOf(list: string | undefined): readonly string[] {
  const names = (list ?? '').split(',').filter((name) => name !== '');
  if (names.length > MOST_GONE || !names.every((name) => INSTANCE_NAME.test(name)))
    throw wrongUsage(
      '--gone takes names of processes',
      'write them as keyturn status shows them: --gone a,b',
    );
  return names;
}

/** The history keeps them. */
const MOST_GONE = 50;

/** The value of an option that takes a duration, in seconds. */
export function durationOf({ value }: Context, option: string): number | undefined {
  const text = value(option);
  const seconds = readDuration(text);
  if (text !== undefined && seconds === undefined) {
    throw wrongUsage(`--${option} takes a duration`, `write --${option} 10min, for example`);
  }
  return seconds;
}

const VARIABLE = 'KEYTURN_WHO';

/** Undefined where nobody says it and the system knows no name, as in some containers. */
export function whoOf({ value, machine }: Context): string | undefined {
  return (
    asSaid('who', '--who', value('who')) ??
    asSaid('who', VARIABLE, machine.env[VARIABLE] || undefined) ??
    userName()
  );
}

/** Why, as `--reason` says it. */
export function whyOf({ value }: Context): string | undefined {
  return asSaid('why', '--reason', value('reason'));
}

function asSaid(what: 'who' | 'why', place: string, typed: string | undefined): string | undefined {
  const text = typed?.trim();
  if (text === '')
    throw wrongUsage(
      `${place} needs a value`,
      place === VARIABLE ? 'unset it' : `write ${place} ${what === 'who' ? 'NAME' : 'TEXT'}`,
    );
  const problem = text === undefined ? undefined : historyTextProblem(what, text);
  if (problem !== undefined)
    throw wrongUsage(`what ${place} says ${problem}`, 'it takes one short line of text');
  return text;
}

function userName(): string | undefined {
  try {
    const { username } = userInfo();
    return historyTextProblem('who', username) === undefined ? username || undefined : undefined;
  } catch {
    return undefined;
  }
}
