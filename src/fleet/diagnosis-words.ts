// The words in which status, the doctor and `next:` say what is wrong among the processes of a fleet.
import { dirname } from 'node:path';
import { appInWords } from '../config/app.js';
import { shellQuote } from '../config/shell-quote.js';
import { type SayMoment, toIso } from '../errors.js';
import { listOf } from '../printable.js';
import { type Holders, oddOne } from './clashes.js';
import { aheadInWords } from './clock-difference.js';
import type { OtherRing, Problem } from './diagnosis.js';
import { unheardOfInWords } from './silent.js';

/** The most replicas that are named; the rest are counted. */
const MOST_NAMED = 5;

/** What is wrong, and what to do. The hint may follow the word "first". */
export interface ProblemText {
  readonly what: string;
  readonly hint: string;
}

/**
 * @param asker what whoever asks is called: "this command", "the doctor"
 * @param say how a moment is said; default: ISO 8601
 */
export function problemText(problem: Problem, asker: string, say: SayMoment = toIso): ProblemText {
  const { instances } = problem;
  const names = namesOf(instances);
  const many = instances.length !== 1;
  const verb = (one: string, several: string) => `${names} ${many ? several : one}`;
  const is = verb('is', 'are');
  switch (problem.kind) {
    case 'other_profile':
      return {
        what: `${verb('runs', 'run')} by the ${problem.profile} profile, and ${asker} by ${problem.here}`,
        hint:
          asker === 'this command'
            ? `see to it that all go by one profile (--env ${problem.profile} is for ${asker})`
            : 'see to it that all go by one profile',
      };
    case 'other_config':
      return {
        what: `${verb('reads', 'read')} ${fileList(problem.files)}, and ${asker} ${fileList(problem.here)}`,
        hint: problem.isOlder
          ? `restart ${names}, which ${many ? 'were' : 'was'} started before the files were there`
          : runThere(asker, problem.files[0]),
      };
    case 'other_app':
      return {
        what: `${verb('has', 'have')} ${appInWords(problem.app)} on the same secret, and ${asker} has ${appInWords(problem.here)}: ${problem.accepted ? 'each accepts what the other signs' : 'what one signs the other refuses'}`,
        hint: problem.accepted
          ? 'take app_accepts out when the longest lifetime has passed since the last of them was gone'
          : 'two apps may be meant to be so; one app is given a name in three deploys, see docs/configuration.md, "The name of an app"',
      };
    case 'other_source':
      return {
        what: `${verb('takes its', 'take their')} keys from ${problem.source}, and not from this keyring`,
        // Its source is a variable, or something that it was started with before there was a document.
        hint: `restart ${names}${/^KEYTURN_\w+$/.test(problem.source) ? ` without ${problem.source}` : ''}`,
      };
    case 'other_secret': {
      const { shared } = problem.clash;
      const [odd, rest] = oddOne(problem.clash);
      const holders = (some: Holders) => holdersInWords(some, asker, problem.silent);
      const end = shared ? 'what one seals the other cannot open' : 'what one signs the other refuses';
      return {
        what: `${holders(odd)} the signing secret ${odd.kid}, and ${holders(rest)} ${rest.kid}: ${end}`,
        hint: `give every replica the same signing secret, and run ${asker} with the environment of one; to change it see ${shared ? 'docs/shared-keyring.md, "Rotating the signing secret itself"' : 'the three deploys of keyturn rotate'}`,
      };
    }
    case 'without_shared':
      return {
        what: `${verb('runs', 'run')} without the shared keyring, and ${many ? 'do' : 'does'} not know its keys`,
        hint: 'give every replica the same settings under [security.keyring]',
      };
    case 'unheard_of':
      return {
        what: unheardOfInWords(say(problem.until)),
        hint: 'wait until then, and see why the store was emptied',
      };
    case 'forked':
    case 'outdated':
      return { what: otherRingInWords(names, problem, many), hint: OFF_LINE[problem.kind] };
    case 'behind':
      return {
        what: `${verb('still uses', 'still use')} an older keyring (${olderRing(problem)}); the newest is generation ${problem.kept.generation}`,
        hint: behindHint(problem, many, say),
      };
    case 'other_keyring':
      return {
        what: `${verb('has', 'have')} another keyring than ${asker} (fingerprint ${problem.fingerprint}); each accepts what the other signs`,
        hint: 'finish the deploy: keyturn status says which comes next',
      };
    case 'no_keyring':
      return {
        what: `${is} not ready, and ${many ? 'have' : 'has'} no keyring yet${problem.why === undefined ? '' : `: ${problem.why}`}`,
        hint: 'put right what it names',
      };
    case 'degraded':
      return {
        what: `${is} degraded: ${problem.why}`,
        hint: 'put right what it names; until then the last good keyring stays in force there',
      };
    case 'silent':
      return {
        what: `${is} silent, and ${many ? 'hold' : 'holds'} up steps until ${say(problem.until)}`,
        hint: many
          ? 'wait until then if they are gone; if they still run, see why they cannot report'
          : 'wait until then if it is gone; if it still runs, see why it cannot report',
      };
    case 'unverified':
      return {
        what: `${is} not confirmed: no key of this keyring vouches for what ${many ? 'they report' : 'it reports'}`,
        hint: many
          ? 'look whether they are processes of yours: --gone, with the name of each that is not, goes on without it'
          : `look whether it is a process of yours: where it is not, --gone ${names} goes on without it`,
      };
    case 'document_lost':
      return {
        what: `${verb('holds', 'hold')} a keyring document, and ${problem.path} is not one any more: after a restart what ${many ? 'they have' : 'it has'} signed is refused`,
        hint: LOST_DOCUMENT,
      };
    case 'own_clock':
      return {
        what: ownClockInWords(asker, { ...problem, name: problem.place }),
        hint: OWN_CLOCK,
      };
    case 'clock_differs':
      return {
        what: `the clock of ${names} differs by more than clock_skew from that of the store`,
        hint: 'set the clocks of all machines by one time server',
      };
  }
}

/** @param say how a moment is said */
function behindHint(
  { instances, since, isOverdue }: Extract<Problem, { kind: 'behind' }>,
  many: boolean,
  say: SayMoment,
): string {
  const restart = `restart ${namesOf(instances)}`;
  if (!isOverdue || since === undefined)
    return `wait a second: ${many ? 'they load' : 'it loads'} the newest by ${many ? 'themselves' : 'itself'}; if that does not help, ${restart}`;
  const late = `${many ? 'they have' : 'it has'} been late since ${say(since)}`;
  return `${late}: look at the process${many ? 'es' : ''}, which may stand still or be unable to read the keyring; if that does not help, ${restart}`;
}

/** One that goes by an array or a single secret has no generation. */
function olderRing({ ring, generation, fingerprint }: OtherRing): string {
  return [...(ring === undefined ? [] : [`generation ${generation}`]), `fingerprint ${fingerprint}`].join(
    ', ',
  );
}

/** What the clock of whoever takes a step is compared with. */
export interface ClockOf {
  /** The place where the ring is kept. */
  readonly name: string;
  /** Whether that is an engine; otherwise it is a file. */
  readonly inEngine: boolean;
}

/** "the clock that this command goes by is 40 d ahead of that of Redis (keyturn)" */
export function ownClockInWords(
  who: string,
  { ahead, name, inEngine }: ClockOf & { readonly ahead: number },
): string {
  const other = inEngine
    ? `that of ${name}`
    : `that of the file system of ${name}, and of the processes that report there`;
  return `the clock that ${who} goes by is ${aheadInWords(ahead)} ${other}, which is more than clock_skew`;
}

export const LOST_DOCUMENT =
  'put the document back from a copy, before a process restarts; to give it up, stop all of them';

export const OWN_CLOCK =
  'set both clocks by one time server: most often it is the one of this machine that is wrong';

const OFF_LINE = {
  forked: 'make one keyring of both with keyturn import, or stop the processes that hold the other one',
  outdated: 'put the newest keyring back; to go back on purpose, stop the processes that have a newer one',
};

/** "web-1 has generation 9 of the keyring in force, and what is kept is generation 8" @param many whether it is several */
export function otherRingInWords(who: string, { ring, generation, kept }: OtherRing, many = false): string {
  const has = `${who} ${many ? 'have' : 'has'}`;
  if (ring !== kept.id)
    return `${who} ${many ? 'hold' : 'holds'} the keyring ${ring}, and what is kept is ${kept.id}`;
  if (generation > kept.generation)
    return `${has} generation ${generation} of the keyring in force, and what is kept is generation ${kept.generation}`;
  return `${has} a generation ${generation} of the keyring that what is kept, generation ${kept.generation}, has not come from`;
}

function namesOf(instances: readonly string[]): string {
  const more = instances.length - MOST_NAMED;
  return listOf(more > 0 ? [...instances.slice(0, MOST_NAMED), `${more} more`] : instances);
}

/** "web-1 (silent) and this command have" */
function holdersInWords({ instances, here }: Holders, asker: string, silent: readonly string[]): string {
  const told = instances.map((name) => (silent.includes(name) ? `${name} (silent)` : name));
  const names = [...told, ...(here ? [asker] : [])];
  return `${listOf(names)} ${names.length > 1 ? 'have' : 'has'}`;
}

function fileList(paths: readonly string[]): string {
  return paths.length === 0 ? 'no configuration file' : listOf(paths);
}

function runThere(asker: string, file: string | undefined): string {
  return file === undefined
    ? `run ${asker} in the folder where that process was started`
    : `run ${asker} in its folder, or with --cwd ${shellQuote(dirname(file))}`;
}
