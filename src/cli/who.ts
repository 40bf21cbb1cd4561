// Who runs the command and why, for the history of a keyring.
import { userInfo } from 'node:os';
import { saidProblem } from '../keyring/said.js';
import type { Context, Option } from './command.js';
import { wrongUsage } from './ui.js';

export const WHO: Option = {
  name: 'who',
  value: 'NAME',
  about: 'who does it, for the history (default: KEYTURN_WHO, else the user)',
};

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
  const problem = text === undefined ? undefined : saidProblem(what, text);
  if (problem !== undefined)
    throw wrongUsage(`what ${place} says ${problem}`, 'it takes one short line of text');
  return text;
}

function userName(): string | undefined {
  try {
    const { username } = userInfo();
    return saidProblem('who', username) === undefined ? username || undefined : undefined;
  } catch {
    return undefined;
  }
}
