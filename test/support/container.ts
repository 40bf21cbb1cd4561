// Processes that take themselves for ones of containers (container.mjs), all on one boot of one machine.
import { hostname } from 'node:os';

const PRELOADED = new URL('./container.mjs', import.meta.url).href;
/** More than any process here has: whoever looks for it finds nobody. */
const PID = 4_194_305;

let namespaces = 0;

/**
 * What a process must be told to be in a container of its own: one that shares its host name and its process ids with
 * all others, and with this test.
 *
 * @param unit what `KEYTURN_INSTANCE` says
 */
export function inContainer(unit?: string): Readonly<Record<string, string>> {
  namespaces += 1;
  return {
    NODE_OPTIONS: `--import=${PRELOADED}`,
    TEST_HOST: hostname(),
    TEST_PID: String(PID),
    TEST_NAMESPACE: String(namespaces),
    // Each is younger than the one before.
    TEST_SINCE: String(namespaces * 100),
    ...(unit === undefined ? {} : { KEYTURN_INSTANCE: unit }),
  };
}
