// Traces in words.
import type { Action } from './actions.js';
import type { Exploration } from './explore.js';
import { keyName } from './rings.js';
import type { Issue } from './tokens.js';
import type { Violation, World } from './world.js';

type Found = Exploration<World, Action, Violation>['found'];

/** One line for each thing that happened, and one for what must never be. */
export function describeTrace({ trace, violation }: NonNullable<Found>): readonly string[] {
  const last = trace.at(-1)?.to;
  const issues = new Set(trace.flatMap(({ action }) => (isIssue(action) ? [action] : [])));
  const key = violation.what === 'refuses' ? violation.key : violation.to;
  for (const made of origins(last?.issues[key])) issues.add(made);
  const lines = [
    ...trace.map(({ action, to }) => ({ step: to.step, time: to.time, text: describe(action, to) })),
    ...[...issues].map((made) => ({ step: made.step + 0.5, time: made.time, text: describeIssue(made) })),
  ].sort((a, b) => a.step - b.step);
  return [
    ...lines.flatMap(({ time, text }) => (text === undefined ? [] : [`t=${time} ${text}`])),
    `t=${last?.time ?? 0} ${describeViolation(violation)}`,
  ];
}

/** A token and those that it was re-signed from, the first one first. */
function origins(issue: Issue | undefined): readonly Issue[] {
  return issue === undefined ? [] : [...origins(issue.from), issue];
}

function isIssue(action: Action): action is Issue {
  return action.who === 'replica' && (action.what === 'signs' || action.what === 're-signs');
}

function describeIssue({ name, generation, what, key, clock, expires, from }: Issue): string {
  const token = from === undefined ? 'a token' : `the ${keyName(from.key)} token`;
  return `replica ${name} (generation ${generation})${ahead(clock)} ${what} ${token} with ${keyName(key)}, expires t=${expires}`;
}

function describe(action: Action, to: World): string | undefined {
  switch (action.who) {
    case 'time':
      return undefined;
    case 'operator': {
      const { verb, key, clock, plan, counted } = action.command;
      const signs = to.ring.view.signs;
      const whom = verb === 'rolls back' ? `from ${keyName(key)} to ${keyName(signs)}` : keyName(key);
      const now = verb === 'revokes' ? `, ${keyName(signs)} signs` : '';
      const later = plan === undefined ? '' : ` to take over at t=${to.time + plan}`;
      const number = counted === true ? ', saying how many replicas there are,' : '';
      return `operator${ahead(clock)} ${verb} ${whom}${later}${number}${now} (generation ${to.generation})`;
    }
    case 'replica': {
      if (isIssue(action)) return undefined;
      const behind = to.generation - action.generation;
      const who = `replica ${action.name} (generation ${action.generation})`;
      if (action.what === 'starts')
        return `replica ${action.name} starts with generation ${action.generation}${behind > 0 ? ', one step behind' : ''}`;
      if (action.what === 'reloads')
        return `replica ${action.name} reloads (generation ${action.generation})`;
      if (action.what === 'stops') return `${who} stops`;
      return `${who} ${action.what === 'dies' ? 'dies without goodbye' : 'stops'}`;
    }
  }
}

function describeViolation(violation: Violation): string {
  if (violation.what === 'refuses') {
    const { replica, key, expires } = violation;
    return `replica ${replica.name} (generation ${replica.generation}) refuses the ${keyName(key)} token, expires t=${expires}`;
  }
  const { what, from, to } = violation;
  const why =
    what === 'moves back'
      ? `moves back to ${keyName(to)}, whose turn was before`
      : `gets other dates when ${keyName(to)} re-signs it`;
  return `the ${keyName(from)} token ${why}`;
}

function ahead(clock: number): string {
  return clock === 0 ? '' : `, its clock ${clock} ahead,`;
}
