// Logging: the shape that pino, Fastify and most loggers share, and a plain one for when none is handed in.

import { oneLine } from '../printable.js';

/** Facts first, then a sentence. Every record carries `event`, a stable name such as `keyring.loaded`. */
export type LogMethod = (facts: Readonly<Record<string, unknown>>, message: string) => void;

/** What is asked of a logger; a pino instance is one. */
export interface Logger {
  /** What helps to find a fault: refused tokens, and why. */
  readonly debug: LogMethod;
  /** What is as it should be. */
  readonly info: LogMethod;
  /** What somebody should look at. */
  readonly warn: LogMethod;
  /** What keeps it from working. */
  readonly error: LogMethod;
}

type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** Writes lines such as `keyturn: warn: … (event=secret.created)`. */
export function textLogger(level: LogLevel, write: (line: string) => void): Logger {
  const method = (of: LogLevel): LogMethod => {
    if (LEVELS.indexOf(of) < LEVELS.indexOf(level)) return () => {};
    return (facts, message) => {
      const details = Object.entries(facts).map(
        ([name, value]) => `${name}=${isPlain(value) ? value : JSON.stringify(value)}`,
      );
      const line = `keyturn: ${of}: ${message}${details.length === 0 ? '' : ` (${details.join(' ')})`}`;
      write(`${oneLine(line)}\n`);
    };
  };
  return { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
}

/** A logger of the app writes as it likes: what strangers have said is cleaned before. */
export function sanitizedLogger(logger: Logger): Logger {
  const method =
    (level: keyof Logger): LogMethod =>
    (facts, message) =>
      logger[level](cleaned(facts) as typeof facts, oneLine(message));
  return { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return oneLine(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([name, fact]) => [name, cleaned(fact)]));
}

/** A text that cannot be taken for several facts; any other is quoted. */
function isPlain(value: unknown): value is string {
  return typeof value === 'string' && /^[^\s"=()]+$/.test(value);
}
