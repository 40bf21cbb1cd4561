// Where a demo is played: replicas, visitors, the step that is shown, and waits that end with the demo.
import { setTimeout as sleep } from 'node:timers/promises';
import { Balancer } from './balancer.js';
import { Farm } from './farm.js';
import { DemoEnded, DemoFault } from './fault.js';
import { takeAway } from './left-behind.js';
import type { Pace } from './pace.js';
import type { Place } from './place.js';
import type { Scene, Step } from './scene.js';
import type { Counted } from './tally.js';
import { Visitors } from './visitors.js';

const LOOK_EVERY = 50;
/** From this share of its longest time on, a demo is late, and every look is shorter. */
const LATE = 0.6;
const SHORTER = 0.3;
/** What was begun before the demo ended may take so long, in milliseconds; later there is nothing that it could change. */
const LAST_STEPS = 6000;

export class Stage {
  readonly pace: Pace;
  readonly place: Place;
  readonly farm: Farm;
  readonly visitors: Visitors;
  readonly #balancer: Balancer;
  readonly #begun = performance.now();
  readonly #broken = new AbortController();
  readonly #signal: AbortSignal;
  readonly #heard: (step: Step) => void;
  readonly #ends: Array<() => Promise<void>> = [];
  #over: () => void = () => {};
  readonly #underWay = new Set<Promise<unknown>>();
  #step: Step | undefined;
  #stepNumber = 0;
  #isOver = false;
  /** Whether the last step has been taken. */
  isThrough = false;
  waitsFor: string | undefined;
  console: Scene['console'];
  /** Of the run by hand, once it is over. */
  byHand: Counted | undefined;

  /**
   * @param interrupted ends it early
   * @param heard told of each step
   */
  constructor(pace: Pace, place: Place, interrupted: AbortSignal, heard: (step: Step) => void) {
    this.pace = pace;
    this.place = place;
    this.#heard = heard;
    this.#balancer = new Balancer(pace.patience);
    this.farm = new Farm(place, this.#balancer, (fault) => this.#broken.abort(fault));
    this.visitors = new Visitors(pace.visitors, pace.pause, this.#balancer);
    const stop = new AbortController();
    interrupted.addEventListener('abort', () => stop.abort(new DemoEnded()));
    if (interrupted.aborted) stop.abort(new DemoEnded());
    this.#signal = AbortSignal.any([stop.signal, this.#broken.signal]);
    const late = setTimeout(() => this.#broken.abort(tookTooLong(pace)), pace.atMost);
    late.unref();
    this.#signal.addEventListener('abort', () => clearTimeout(late));
  }

  /** What is done from now on. */
  begin(step: Step): void {
    this.#stepNumber++;
    this.#step = step;
    this.waitsFor = undefined;
    this.#heard(step);
  }

  /** Adds to the step what has come of it. */
  amend(more: Partial<Step>): void {
    if (this.#step !== undefined) this.#step = { ...this.#step, ...more };
  }

  /** As it settles; rejects when the demo ends before. What goes on then is waited for at the end. */
  async going<T>(work: Promise<T>): Promise<T> {
    const settled: Promise<unknown> = work.then(
      () => this.#underWay.delete(settled),
      () => this.#underWay.delete(settled),
    );
    this.#underWay.add(settled);
    this.#signal.throwIfAborted();
    let left: () => void = () => {};
    const end = new Promise<never>((_, failed) => {
      left = () => failed(this.#signal.reason);
      this.#signal.addEventListener('abort', left);
    });
    return await Promise.race([work, end]).finally(() => this.#signal.removeEventListener('abort', left));
  }

  async hold(milliseconds: number): Promise<void> {
    const signal = this.#signal;
    await sleep(Math.max(0, milliseconds), undefined, { signal }).catch(() => signal.throwIfAborted());
  }

  /** Lets somebody look at what there is. Where a busy machine has taken its time there is less of it. @param share of one look */
  async look(share = 1): Promise<void> {
    const { look, atMost } = this.pace;
    const isLate = performance.now() - this.#begun > LATE * atMost;
    await this.hold(share * look * (isLate ? SHORTER : 1));
  }

  /** @param since of performance.now() */
  async holdUntil(since: number, milliseconds: number): Promise<void> {
    await this.hold(since + milliseconds - performance.now());
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.hold(LOOK_EVERY);
  }

  /** Has something done at the end, when no step is under way any more. */
  defer(end: () => Promise<void>): void {
    this.#ends.push(end);
  }

  /** Has it told that nothing more comes, before replicas end: whoever looks is not to take that for what is shown. */
  whenOver(tell: () => void): void {
    this.#over = tell;
  }

  get scene(): Scene {
    const { visitors, byHand } = this;
    return {
      elapsed: performance.now() - this.#begun,
      replicas: this.farm.seen,
      visitors: visitors.count,
      signedIn: visitors.signedIn,
      byHand: byHand ?? visitors.counted,
      withKeyturn: byHand === undefined ? undefined : visitors.counted,
      sessionsByKey: visitors.sessionsByKey,
      step: this.#step,
      stepNumber: this.#stepNumber,
      waitsFor: this.waitsFor,
      console: this.console,
      isThrough: this.isThrough,
      isOver: this.#isOver,
    };
  }

  /** Ends everything, and takes it away. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.#over();
    this.console = undefined;
    this.#broken.abort(new DemoEnded());
    const left = this.visitors.leave();
    this.#balancer.close();
    await left;
    await this.farm.end();
    // A step that is under way may still write.
    const late = new AbortController();
    const patience = sleep(LAST_STEPS, undefined, { signal: late.signal }).catch(() => {});
    await Promise.race([Promise.allSettled(this.#underWay), patience]);
    late.abort();
    for (const end of this.#ends.reverse()) await end();
    await takeAway(this.place);
  }
}

function tookTooLong({ atMost }: Pace): DemoFault {
  return new DemoFault(
    `the demo is not through after ${atMost / 1000} s, and ends`,
    'this machine has too much other work; run it again when that is done',
  );
}
