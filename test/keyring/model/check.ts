// The model as one question: what is reachable under these conditions, and is anything of it forbidden?
import { type Action, beginning, happenings } from './actions.js';
import { type Exploration, explore } from './explore.js';
import { type Conditions, keyOf, refusal, type Violation, type World } from './world.js';

export function check(conditions: Conditions): Exploration<World, Action, Violation> {
  return explore({
    start: beginning(conditions),
    key: keyOf,
    next: (world) => happenings(world, conditions),
    violation: refusal,
  });
}
