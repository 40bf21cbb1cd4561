// Who may see the console of the keys at /keyturn, and who may take steps there.
import type { Session } from 'keyturn/fastify';

export interface Operators {
  /** Their names. */
  readonly names: readonly string[];
  /** Whether everybody who is signed in may look: in development, where it is there to be tried. */
  readonly everybodyLooks: boolean;
}

/** For the guard of the console. Without a name nobody is let in. */
export function asOperator({ names, everybodyLooks }: Operators, { user }: Session) {
  const mayAct = user !== undefined && names.includes(user);
  return (mayAct || everybodyLooks) && { who: user, mayAct };
}
