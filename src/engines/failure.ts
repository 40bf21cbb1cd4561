// Why an engine did not do what it was asked, in words of our own: those of its client may hold addresses and names of
// users, and say the least where they are needed most.
import { ALL_IN_USE } from './postgres.js';
import { TIMED_OUT } from './watch.js';

/** What kept an engine from doing what it was asked. It holds nothing that belongs to a user. */
export interface EngineFailure {
  /** In a few words. */
  readonly why: string;
  /**
   * - `refused`: it answered, and refused
   * - `unreached`: nobody knows whether it runs
   * - `busy`: it was not asked, since what is asked before is still going on
   */
  readonly kind: 'refused' | 'unreached' | 'busy';
  readonly hint: string;
}

const HINTS = {
  runs: 'see that it runs, and that its address and port are right as seen from here',
  address: 'correct the host in its URL, or see that its name is known here',
  wait: 'see what keeps it busy, and the network between; it is asked again',
  again: 'it is asked again; nothing needs to be restarted here',
  connect: 'see that it runs; a client of your own is to be connected before it is handed over',
  tls: 'see that it speaks TLS, and that this system trusts its certificate',
  password: 'correct the user and the password in its URL',
  database: 'correct the database at the end of its URL, or create it there',
  rights: 'give its user the rights that docs/stores.md names',
  memory: 'give it more memory or disk, or remove what is not needed there',
  primary: 'point the URL at the primary',
  table: 'see that the table is there: a start makes it, or the SQL in docs/stores.md',
  pool: 'see what holds connections for so long, or give the pool more of them',
  cluster: 'pass a cluster client as clients.redis of createKeyturn()',
  log: "see the engine's own log",
  unknown: 'see that it runs; the cause of this error says more',
} as const;

type Row = readonly [why: string, hint: keyof typeof HINTS];

/** As `askPool` says it. */
const BUSY_ROW: Row = [ALL_IN_USE, 'pool'];
const LATE_ROW: Row = ['no answer in time', 'wait'];
const REFUSED_PASSWORD: Row = ['it refuses the user or the password', 'password'];
const NOT_ALLOWED: Row = ['this user may not do that', 'rights'];
const NO_MEMORY: Row = ['it is out of memory', 'memory'];
const READ_ONLY: Row = ['it is read-only', 'primary'];
const STARTING: Row = ['it is starting or stopping', 'again'];
const NO_DATABASE: Row = ['no such database', 'database'];
const CROWDED: Row = ['it has too many connections', 'wait'];
const IN_CLUSTER: Row = ['it is part of a cluster', 'cluster'];
const NOT_CONNECTED: Row = ['the client is not connected', 'connect'];
const LOST: Row = ['the connection was lost', 'runs'];

/** By codes of the system. */
const UNREACHED: Readonly<Record<string, Row>> = {
  ECONNREFUSED: ['connection refused', 'runs'],
  ECONNRESET: LOST,
  EPIPE: LOST,
  ETIMEDOUT: LATE_ROW,
  ENOTFOUND: ['no such host', 'address'],
  EAI_AGAIN: ['no such host', 'address'],
  EHOSTUNREACH: ['no way to its host', 'address'],
  ENETUNREACH: ['no way to its host', 'address'],
  ENOENT: ['no such socket', 'address'],
  EACCES: ['no right to its socket', 'address'],
};

/** By the beginning of what clients say when there was no answer. */
const UNHEARD: ReadonlyArray<readonly [RegExp, Row]> = [
  // The words of TIMED_OUT, also where this module is there twice.
  [/^no answer in time/, LATE_ROW],
  [/^(Connection|Socket|Command|Query read) time(out|d out)/i, LATE_ROW],
  [/^(timeout exceeded|timeout expired|Connection terminated due to connection timeout)/, LATE_ROW],
  [/^(Socket closed unexpectedly|Disconnects client|Connection terminated)/, LOST],
  [/^(The client is (closed|offline)|Connection is closed|Stream isn't writeable)/, NOT_CONNECTED],
  [/^(Reached the max retries|Client (was closed|has encountered)|Cannot use a pool)/, NOT_CONNECTED],
  [
    /^(All the root nodes|Failed to refresh slots|All sentinels|None of the sentinels)/,
    ['no node answers', 'runs'],
  ],
  [/SSL connection/, ['it does not speak TLS', 'tls']],
];

/** By what an error of Redis begins with. It may be told to begin so by a script, too. */
const REDIS: ReadonlyArray<readonly [RegExp, Row]> = [
  [/^(WRONGPASS|ERR invalid password)/, REFUSED_PASSWORD],
  [/^NOAUTH/, ['it wants a password, and none was given', 'password']],
  [/^ERR .*AUTH.* without any password/, ['it knows no password, and one was given', 'password']],
  [/^NOPERM/, NOT_ALLOWED],
  [/^OOM/, NO_MEMORY],
  [/^MISCONF/, ['it cannot save to its disk, and takes no writes', 'memory']],
  [/^READONLY/, READ_ONLY],
  [/^NOREPLICAS/, ['too few of its replicas are there', 'again']],
  [/^(ERR (DB index|invalid DB)|ERR SELECT is not allowed)/, NO_DATABASE],
  [/^ERR max number of clients/, CROWDED],
  [/^(MOVED|CROSSSLOT|ASK) /, IN_CLUSTER],
  [/^WRONGTYPE/, ['another program has written under its key', 'log']],
];

/** What Redis says while it comes or goes: waiting helps. */
const REDIS_STARTING = /^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|UNBLOCKED) /;

/** By SQLSTATE, or by its first two characters. */
const POSTGRES: Readonly<Record<string, Row>> = {
  '28P01': ['it refuses the password', 'password'],
  28: ['it refuses the user', 'password'],
  '3D000': NO_DATABASE,
  '3F000': ['no such schema', 'table'],
  '42P01': ['no such table', 'table'],
  42501: NOT_ALLOWED,
  53100: ['its disk is full', 'memory'],
  53200: NO_MEMORY,
  53300: CROWDED,
  25006: READ_ONLY,
};

/** operator_intervention: it comes or goes. Its statement_timeout, of which we set one, is query_canceled. */
const POSTGRES_GONE: Readonly<Record<string, Row>> = {
  57014: LATE_ROW,
  57: STARTING,
  '08': LOST,
  '55P03': LATE_ROW,
};

const TLS = /^(ERR_(TLS|SSL)_|(DEPTH_ZERO_)?SELF_SIGNED_|UNABLE_TO_|CERT_)/;

/** Why an engine did not do what it was asked. */
export function failureOf(error: unknown): EngineFailure {
  if (error === TIMED_OUT) return told('unreached', LATE_ROW);
  const { code, message } = (error ?? {}) as Readonly<Record<string, unknown>>;
  const text = String(message);
  if (typeof code === 'string') {
    const row = UNREACHED[code] ?? (TLS.test(code) ? (['no trust in its TLS', 'tls'] as const) : undefined);
    if (row !== undefined) return told('unreached', row);
    if (/^[0-9A-Z]{5}$/.test(code)) return byState(code);
  }
  if (text === ALL_IN_USE) return told('busy', BUSY_ROW);
  const unheard = UNHEARD.find(([pattern]) => pattern.test(text));
  if (unheard !== undefined) return told('unreached', unheard[1]);
  if (REDIS_STARTING.test(text)) return told('unreached', STARTING);
  const answer = REDIS.find(([pattern]) => pattern.test(text));
  if (answer !== undefined) return told('refused', answer[1]);
  if (typeof code === 'string' && /^\w{1,40}$/.test(code)) return told('unreached', [code, 'runs']);
  const word = /^[A-Z]{3,20}(?= )/.exec(text)?.[0];
  if (word !== undefined) return told('refused', [word, 'log']);
  return told('unreached', ['unknown error', 'unknown']);
}

function byState(code: string): EngineFailure {
  const group = code.slice(0, 2);
  const gone = POSTGRES_GONE[code] ?? POSTGRES_GONE[group];
  if (gone !== undefined) return told('unreached', gone);
  return told('refused', POSTGRES[code] ?? POSTGRES[group] ?? [`SQLSTATE ${code}`, 'log']);
}

/** What is said of an engine, after its name. */
export function describeFailure({ why, kind }: EngineFailure): string {
  return `${SAID[kind]} (${why})`;
}

const SAID: Readonly<Record<EngineFailure['kind'], string>> = {
  refused: 'refuses',
  unreached: 'cannot be reached',
  busy: 'was not asked',
};

function told(kind: EngineFailure['kind'], [why, hint]: Row): EngineFailure {
  return { why, kind, hint: HINTS[hint] };
}
