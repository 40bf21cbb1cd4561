// A log that is loaded when there is something to tell: most processes have nothing to say of their requests.
import type { HttpLog, RequestLog } from './http-log.js';

type Tell = (...given: readonly unknown[]) => void;

/** @param load called once */
export function rareLog(load: () => HttpLog): RequestLog {
  let log: HttpLog | undefined;
  return logBy((name, given) => {
    log ??= load();
    (log[name] as Tell)(...given);
  });
}

/** Tells a little later than the log itself does, and in the same order. */
export function laterLog(load: () => Promise<HttpLog>): RequestLog {
  let loading: Promise<HttpLog> | undefined;
  return logBy((name, given) => {
    loading ??= load();
    void loading.then((log) => (log[name] as Tell)(...given));
  });
}

function logBy(tell: (name: keyof RequestLog, given: readonly unknown[]) => void): RequestLog {
  const told = new Proxy({} as Record<string, Tell>, {
    get:
      (_, name: keyof RequestLog) =>
      (...given: readonly unknown[]) =>
        tell(name, given),
  });
  return told as unknown as RequestLog;
}
