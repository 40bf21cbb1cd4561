// What each page is drawn from. Who answers a request gathers it; a page asks for nothing itself.
import type { Report } from '../../doctor/finding.js';
import type { Counts, CountsSpan } from '../../fleet/counts.js';
import type { HistoryEntry } from '../../keyring/keyring.js';
import type { Impact } from '../../rotation/impact.js';
import type { View } from '../../words/view.js';
import type { AskedStep } from '../asked-step.js';
import type { Beside, FormProtection } from '../contract.js';
import type { OfferedStep } from '../offered-steps.js';

export interface OverviewFacts {
  readonly view: View;
  readonly span: CountsSpan;
  /** Undefined where nobody keeps them. */
  readonly counts: Counts | undefined;
  /** What whoever runs the console has to say besides. */
  readonly beside?: readonly Beside[] | undefined;
}

export interface PurposesFacts {
  readonly view: View;
  /** Of `rotate`: it has a row for each purpose. */
  readonly impact: Impact;
}

export interface ImpactFacts {
  readonly view: View;
  /** The step that was chosen; default: that of the impact. */
  readonly asked?: AskedStep | undefined;
  /** Of `rotate` for a step that hands over. Undefined where it cannot be told, and `problem` says why. */
  readonly impact: Impact | undefined;
  /** Of a key that retires: what would happen if its secret went this moment. Keyturn refuses that while it matters. */
  readonly ifNow?: Impact | undefined;
  readonly problem?: Trouble | undefined;
}

export interface DoctorFacts {
  readonly view: View;
  readonly report: Report;
}

export interface HistoryFacts {
  readonly view: View;
  /** The oldest first. */
  readonly history: readonly HistoryEntry[];
}

export interface StepsFacts {
  readonly view: View;
  /** The step that was just taken, after it. */
  readonly done?: { readonly step: OfferedStep['step']; readonly kid?: string | undefined } | undefined;
}

/** The page that confirms a step: its form goes to `steps/<step>`, with `kid`, `why`, `replicas`, `confirm` and the CSRF token. */
export interface StepFacts {
  readonly view: View;
  /** One of `offeredSteps(view)`. */
  readonly offered: OfferedStep;
  /** Of `rotate` for a step that hands over: `rotate`, `promote` and `rollback`. */
  readonly impact: Impact;
  /** Undefined where nothing protects forms: there is no form then. */
  readonly csrf: Pick<FormProtection, 'field' | 'token'> | undefined;
  /** Why it was not taken, when it was tried. */
  readonly problem?: Trouble | undefined;
  /** What was typed, to be kept in the form. */
  readonly typed?: { readonly why?: string | undefined; readonly replicas?: string | undefined } | undefined;
}

/** What kept something from being done or shown: the fields of an error. */
export interface Trouble {
  readonly message: string;
  readonly hint?: string | undefined;
}

/** A page that says one thing. */
export interface MessageFacts extends Trouble {
  readonly title: string;
  /** Where to go on; default: the first page. */
  readonly back?: { readonly path: string; readonly name: string } | undefined;
  /** Whether there is anything to go on to; default: true. */
  readonly leadsOn?: boolean | undefined;
}
