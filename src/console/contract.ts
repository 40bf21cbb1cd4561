// What the console is made of: a request and an answer that know no framework, who may see and who may act, and the
// facts that its pages show. `mount/` binds it to frameworks, `app.ts` answers, `facts.ts` gathers, `pages/` draws.
import type { Report } from '../doctor/finding.js';
import type { Counts, CountsSpan } from '../fleet/counts.js';
import type { HistoryEntry } from '../keyring/keyring.js';
import type { Impact, Step } from '../rotation/impact.js';
import type { StepName } from '../words/steps.js';
import type { View } from '../words/view.js';

/** Somebody whom the app lets see the console. */
export interface ConsoleVisitor {
  /** The name that stands in the history of the keyring for what they do. */
  readonly who: string;
  /** Whether they may also take steps; default: false. */
  readonly mayAct?: boolean | undefined;
}

/** A request as a binding hands it on, when the guard has let it in. */
export interface ConsoleRequest {
  readonly method: string;
  /** Below where the console is mounted: "/", "/history". Empty where even the slash is missing. */
  readonly path: string;
  /** The last part of the address of the console, as it was asked for: "keyturn". */
  readonly mount: string;
  readonly query: URLSearchParams;
  /** Reads the fields of a form that was sent; undefined where there is none, or one that is too long. */
  readonly form: () => Promise<URLSearchParams | undefined>;
  readonly visitor: ConsoleVisitor;
  readonly csrf: FormProtection;
  /** What the browser has of a stream that was cut off: the id of its last event. */
  readonly lastEventId: string | undefined;
  /** Aborted when the browser has gone: ends a stream. */
  readonly signal: AbortSignal;
}

/** What keeps a page of another site from sending a form. */
export interface FormProtection {
  /** The field of the form that carries the token. */
  readonly field: string;
  /** A token for the page that is being made. */
  token(): string;
  /** Whether a form with this token is one of ours. Asked for every form, whatever has been checked before. */
  accepts(token: string | undefined): boolean;
}

/** The answer, for a binding to write. */
export interface ConsoleAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream is for server-sent events. None of it is written for HEAD. */
  readonly body: string | AsyncIterable<string>;
}

/** Where facts come from and steps go to: the rotation of an app, or of a command. */
export interface ConsoleSource {
  /** All that `keyturn status` knows. */
  look(): Promise<View>;
  /** What verified over time; undefined where nobody keeps it, as with variables only. */
  counts(span: CountsSpan): Promise<Counts | undefined>;
  history(): Promise<readonly HistoryEntry[]>;
  impact(step: Step): Promise<Impact>;
  doctor(): Promise<Report>;
  /** Takes a step. @throws KeyturnError as the commands do */
  take(step: ConsoleStep): Promise<void>;
}

/** A step that is taken here. `stage` makes a fresh key. */
export interface ConsoleStep {
  readonly step: StepName;
  readonly kid?: string | undefined;
  readonly who: string;
  readonly why?: string | undefined;
  /** How many replicas there are: with fresh reports of all of them a promotion does not wait for the time alone. */
  readonly replicas?: number | undefined;
}

/** What whoever runs a console has to say besides, on its first page: the demo tells how many were signed out. */
export interface Beside {
  readonly name: string;
  readonly text: string;
  /** Whether that is how it should be; undefined where it is neither. */
  readonly isGood?: boolean | undefined;
}

/** What the console says when what it shows is over for good, as the demo is. */
export interface Farewell {
  readonly title: string;
  readonly message: string;
}

/** What every page is framed by. */
export interface Frame {
  /** Where the console is, seen from the page: "." or "..", so that it may be mounted anywhere, behind any proxy. */
  readonly base: string;
  readonly visitor: ConsoleVisitor;
  /** Whether steps can be taken here at all: switched on, protected, and allowed to this visitor. */
  readonly acts: boolean;
  /** Paths of what the page loads, with a digest in them: they may be cached for ever. */
  readonly assets: { readonly style: string; readonly script: string; readonly icon: string };
  /** The name of the app, where it has one. */
  readonly app: string | undefined;
}
