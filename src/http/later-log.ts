// A log that is loaded when there is something to tell: most isolates have nothing to say of their requests.
import type { HttpLog, RequestLog } from './http-log.js';

/** Tells a little later than the log itself does, and in the same order. */
export function laterLog(load: () => Promise<HttpLog>): RequestLog {
  let loading: Promise<HttpLog> | undefined;
  const told = new Proxy({} as Record<string, (...given: readonly unknown[]) => void>, {
    get:
      (_, name: keyof RequestLog) =>
      (...given: readonly unknown[]) => {
        loading ??= load();
        void loading.then((log) => (log[name] as (...given: readonly unknown[]) => void)(...given));
      },
  });
  return told as unknown as RequestLog;
}
