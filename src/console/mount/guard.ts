// Who may see and who may act, as the app says it. Whatever its guard does wrong lets nobody in.
import type { Logger } from '../../runtime/log.js';
import type { ConsoleVisitor } from '../contract.js';

/** Somebody who may see the console. Without a name they are nobody, and may not. */
export interface ConsoleGuest {
  /** The name that stands in the history of the keyring for what they do. */
  readonly who: string | undefined;
  /** Whether they may also take steps, where these are switched on. Default: false. */
  readonly mayAct?: boolean | undefined;
}

/** Anything but a guest: somebody who may not even know that there is a console. */
// biome-ignore lint/suspicious/noConfusingVoidType: a guard may return nothing
export type ConsoleRefusal = undefined | null | false | '' | 0 | void;

/** What a guard says. */
export type ConsoleGuardAnswer = ConsoleGuest | ConsoleRefusal | Promise<ConsoleGuest | ConsoleRefusal>;

/** Asks a guard. @returns undefined for somebody who is not let in */
export async function askGuard(
  guard: () => ConsoleGuardAnswer,
  logger: Pick<Logger, 'error'>,
): Promise<ConsoleVisitor | undefined> {
  try {
    const guest = await guard();
    if (!guest) return undefined;
    const { who, mayAct } = guest;
    if (typeof who === 'string' && who !== '') return { who, mayAct: mayAct === true };
    if (who === undefined || who === null) return undefined;
    logger.error(
      { event: 'console.guard_answer', hint: 'return { who: "a name" }, or nothing' },
      'the guard of the console names nobody: nobody is let in',
    );
  } catch (error) {
    logger.error(
      { event: 'console.guard_failed', error: String(error) },
      'the guard of the console failed: nobody is let in',
    );
  }
  return undefined;
}
