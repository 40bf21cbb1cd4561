// Breadth-first search over everything that can happen. Knows nothing of keys.

/** One thing that can happen, and where it leads. */
export interface Step<State, Action> {
  readonly action: Action;
  readonly to: State;
}

export interface Space<State, Action, Violation> {
  readonly start: State;
  /** Equal for states from which the same can happen. */
  key(state: State): string;
  /** Everything that can happen next, always in the same order for the same key. */
  next(state: State): readonly Step<State, Action>[];
  /** What must never be. */
  violation(state: State): Violation | undefined;
}

export interface Exploration<State, Action, Violation> {
  /** Different states seen. */
  readonly states: number;
  /** Ways from one state to another that were tried. */
  readonly steps: number;
  /** The first violation and a shortest way to it; undefined when there is none in the whole space. */
  readonly found:
    | { readonly violation: Violation; readonly trace: readonly Step<State, Action>[] }
    | undefined;
}

/**
 * Visits every reachable state, or stops at the first violation, to which no way is shorter.
 *
 * @param limit more states than this are a mistake in the space, and an error: nothing is ever cut off silently
 */
export function explore<State, Action, Violation>(
  space: Space<State, Action, Violation>,
  limit = 5_000_000,
): Exploration<State, Action, Violation> {
  const known = new Map<string, number>([[space.key(space.start), 0]]);
  const cameFrom: number[] = [-1];
  const cameBy: number[] = [-1];
  let frontier: { number: number; state: State }[] = [{ number: 0, state: space.start }];
  let steps = 0;
  const result = (found: Exploration<State, Action, Violation>['found']) => ({
    states: known.size,
    steps,
    found,
  });
  while (frontier.length > 0) {
    const following: typeof frontier = [];
    for (const { number, state } of frontier) {
      const options = space.next(state);
      for (let index = 0; index < options.length; index++) {
        const { to } = options[index] as Step<State, Action>;
        steps++;
        const key = space.key(to);
        if (known.has(key)) continue;
        const reached = known.size;
        known.set(key, reached);
        cameFrom.push(number);
        cameBy.push(index);
        const violation = space.violation(to);
        if (violation !== undefined)
          return result({ violation, trace: trace(space, choices(cameFrom, cameBy)) });
        following.push({ number: reached, state: to });
      }
      if (known.size > limit) throw new Error(`more than ${limit} states: the exploration did not finish`);
    }
    frontier = following;
  }
  return result(undefined);
}

/** The choices that led to the last state reached. */
function choices(cameFrom: readonly number[], cameBy: readonly number[]): readonly number[] {
  const path: number[] = [];
  for (let at = cameFrom.length - 1; at > 0; at = cameFrom[at] as number) path.push(cameBy[at] as number);
  return path.reverse();
}

/** Only keys are kept of past states: the way is walked once more. */
function trace<State, Action>(
  space: Pick<Space<State, Action, never>, 'start' | 'next'>,
  path: readonly number[],
): readonly Step<State, Action>[] {
  let state = space.start;
  return path.map((choice) => {
    const step = space.next(state)[choice] as Step<State, Action>;
    state = step.to;
    return step;
  });
}
