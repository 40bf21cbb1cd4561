// The console, whatever it is mounted in: from a request that the guard has let in to an answer.
import { KeyturnError } from '../errors.js';
import { type CountsSpan, SPANS } from '../fleet/counts.js';
import type { View } from '../words/view.js';
import {
  assetAnswer,
  htmlAnswer,
  notFound,
  redirect,
  streamAnswer,
  textAnswer,
  withFields,
} from './answers.js';
import type { ConsoleParts } from './app-parts.js';
import { type AskedStep, askedStep, ifItWentNow, toldBy } from './asked-step.js';
import { assetAt, assetsFrom } from './assets/all.js';
import type { ConsoleAnswer, ConsoleRequest, Farewell, Frame } from './contract.js';
import { LiveStreams } from './live.js';
import {
  doctorPage,
  historyPage,
  impactPage,
  messagePage,
  overviewLive,
  overviewPage,
  purposesPage,
} from './pages/index.js';
import { answerStep, showStep, showSteps } from './steps.js';
import { troubleOf } from './trouble.js';

/** One page, by what is below the console in its address. */
type Page = (request: ConsoleRequest, frame: Frame) => Promise<ConsoleAnswer>;

const TURNED = { message: 'the keys have changed while this page was made', hint: 'load it again' };

export class ConsoleApp {
  readonly #parts: ConsoleParts;
  readonly #live = new LiveStreams();
  #farewell: Farewell | undefined;

  constructor(parts: ConsoleParts) {
    this.#parts = parts;
  }

  /** Ends the streams: what closes waits for them. */
  close(): void {
    this.#live.close();
  }

  /** What it shows is over for good: the first page says so wherever it is open, and so does every other from now on. */
  end(farewell: Farewell): void {
    this.#farewell = farewell;
    this.#live.end(farewell.message);
  }

  /** Never throws. */
  async answer(request: ConsoleRequest): Promise<ConsoleAnswer> {
    const frame = this.#frame(request);
    try {
      return await this.#route(request, frame);
    } catch (error) {
      return this.#failed(error, request, frame);
    }
  }

  #frame({ path, visitor }: ConsoleRequest): Frame {
    const base = path.indexOf('/', 1) === -1 ? '.' : '..';
    return {
      base,
      visitor,
      acts: this.#parts.steps && visitor.mayAct === true,
      assets: assetsFrom(base),
      app: this.#parts.app,
    };
  }

  async #route(request: ConsoleRequest, frame: Frame): Promise<ConsoleAnswer> {
    const { method, path, mount } = request;
    const isRead = method === 'GET' || method === 'HEAD';
    // Links of a page are relative to it.
    if (path === '')
      return isRead ? redirect(`./${mount}/${queryOf(request)}`, 308) : notAllowed(frame, READ);
    if (path.length > 1 && path.endsWith('/'))
      return isRead ? redirect(`../${lastOf(path)}${queryOf(request)}`, 308) : notAllowed(frame, READ);
    const asset = assetAt(path);
    if (asset !== undefined) return isRead ? assetAnswer(asset.text, asset.type) : notAllowed(frame, READ);
    const [, step] = /^\/steps\/([a-z]{1,20})$/.exec(path) ?? [];
    if (step !== undefined) {
      if (isRead) return await showStep(step, request, frame, this.#parts);
      return method === 'POST'
        ? await answerStep(step, request, frame, this.#parts)
        : notAllowed(frame, STEP);
    }
    if (this.#farewell !== undefined && path !== '/live')
      return htmlAnswer(messagePage(frame, { ...this.#farewell, leadsOn: false }));
    const page = Object.hasOwn(this.#pages, path) ? this.#pages[path] : undefined;
    if (page === undefined) return notFound(frame);
    return isRead ? await page(request, frame) : notAllowed(frame, READ);
  }

  readonly #pages: Readonly<Record<string, Page>> = {
    '/': async (request, frame) => htmlAnswer(overviewPage(frame, await this.#overview(request))),
    '/live': async (request, frame) => this.#follow(request, frame),
    '/purposes': async (_request, frame) => {
      const { source } = this.#parts;
      const [view, impact] = await Promise.all([source.look(), source.impact({ step: 'rotate' })]);
      return htmlAnswer(purposesPage(frame, { view, impact }));
    },
    '/impact': async (request, frame) => {
      const { source } = this.#parts;
      const view = await source.look();
      const asked = askedStep(request.query, view.status);
      const now = ifItWentNow(asked, view.status);
      const told = await Promise.all([source.impact(toldBy(asked)), now && source.impact(now)]).catch(
        (error: unknown) => {
          if (error instanceof KeyturnError) return error;
          throw error;
        },
      );
      const facts =
        told instanceof KeyturnError
          ? {
              impact: undefined,
              problem: hasTurned(told, asked, view) ? TURNED : troubleOf(told, view.status.now),
            }
          : { impact: told[0], ifNow: told[1] };
      return htmlAnswer(impactPage(frame, { view, asked, ...facts }));
    },
    '/doctor': async (_request, frame) => {
      const { source } = this.#parts;
      const [view, report] = await Promise.all([source.look(), source.doctor()]);
      return htmlAnswer(doctorPage(frame, { view, report }));
    },
    '/history': async (_request, frame) => {
      const { source } = this.#parts;
      const [view, history] = await Promise.all([source.look(), source.history()]);
      return htmlAnswer(historyPage(frame, { view, history }));
    },
    '/steps': async (request, frame) => await showSteps(request, frame, this.#parts),
  };

  async #overview({ query }: ConsoleRequest): Promise<Parameters<typeof overviewPage>[1]> {
    const { source, beside } = this.#parts;
    const span = askedSpan(query);
    const [view, counts] = await Promise.all([source.look(), source.counts(span)]);
    return { view, span, counts, beside: beside?.() };
  }

  #follow(request: ConsoleRequest, frame: Frame): ConsoleAnswer {
    if (request.method === 'HEAD') return streamAnswer('');
    // What is wrong stays as it is on the page, which says since when. Whoever loads it anew hears of it.
    const draw = async () =>
      await this.#overview(request).then(
        (facts) => overviewLive(frame, facts),
        () => undefined,
      );
    const events = this.#live.open(draw, request.lastEventId, request.signal);
    if (events !== undefined) return streamAnswer(events);
    return textAnswer('too many streams', 503, { 'retry-after': '60' });
  }

  #failed(error: unknown, { path }: ConsoleRequest, frame: Frame): ConsoleAnswer {
    if (error instanceof KeyturnError) {
      const trouble = troubleOf(error, undefined);
      return htmlAnswer(messagePage(frame, { title: 'This cannot be shown now', ...trouble }), 503);
    }
    this.#parts.logger.error(
      { event: 'console.failed', path, error: String(error) },
      'a page of the console could not be made',
    );
    const message = 'Something broke while this page was made. The log of the app says what.';
    return htmlAnswer(messagePage(frame, { title: 'This cannot be shown now', message }), 500);
  }
}

const READ = 'GET, HEAD';
const STEP = 'GET, HEAD, POST';

function notAllowed(frame: Frame, allow: string): ConsoleAnswer {
  const page = messagePage(frame, {
    title: 'That is not done here',
    message: 'This address is there to be read.',
  });
  return withFields(htmlAnswer(page, 405), { allow });
}

function queryOf({ query }: ConsoleRequest): string {
  return query.size === 0 ? '' : `?${query}`;
}

/** "history" of "/history/". */
function lastOf(path: string): string {
  return path.split('/').filter(Boolean).at(-1) ?? '';
}

function askedSpan(query: URLSearchParams): CountsSpan {
  const asked = query.get('span') ?? '';
  return Object.hasOwn(SPANS, asked) ? (asked as CountsSpan) : 'quarter-hour';
}

/** What was looked at a moment ago is not what is asked about now: somebody has taken a step in between. */
function hasTurned({ code }: KeyturnError, { step, kid }: AskedStep, { status }: View): boolean {
  const seen = status.keys.find(({ id }) => id === kid)?.state;
  return code === 'key_state' && step === 'retire' && seen !== 'active';
}
