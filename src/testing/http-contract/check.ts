// How the files of the contract write down what they ask.
import type { HttpCapability } from './driver.js';
import type { Scene } from './scene.js';

/** One case, before it is known for which adapter and kind of session. */
export interface Check {
  readonly name: string;
  readonly run: (scene: Scene) => Promise<void>;
  readonly needs: readonly HttpCapability[];
}

export const check = (name: string, run: Check['run'], needs: readonly HttpCapability[] = []): Check => ({
  name,
  run,
  needs,
});

/** Seconds. */
export const DAY = 86_400;
/** The session's cookie, outside of production. */
export const SID = 'keyturn.sid';
