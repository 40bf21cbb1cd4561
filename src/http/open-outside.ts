// The session behind a request that no response goes with: the upgrade to a WebSocket.
import { type OptionNames, requireOptions } from '../config/options.js';
import { requireDuration } from '../config/value.js';
import { KeyturnError } from '../errors.js';
import { internalsOf, type Keyturn } from '../keyturn.js';
import type {
  KeyturnSessions,
  OpenedSession,
  OpenSession,
  OpenSessionOptions,
  RequestToOpen,
} from '../sessions/outside.js';
import type { Session, SessionValues } from '../sessions/session.js';
import type { SessionState } from '../sessions/state.js';
import type { HttpRequest } from './contract.js';
import type { HttpCore } from './core.js';
import { readOnly } from './read-only.js';
import { SessionWatch, SessionWatches } from './session-watch.js';
import { VisitSession } from './visit-session.js';

const OPTIONS: OptionNames<OpenSessionOptions> = { trustProxy: true, lookEvery: true };

/** What is ended by way of the adapter's store, or of the Keyturn's own, is heard of at once. */
export function outsideOpener(core: HttpCore, keyturn: Keyturn): KeyturnSessions['open'] {
  const watches = new SessionWatches(core.ring);
  for (const store of new Set([core.store, internalsOf(keyturn).sessionStore]))
    store?.onDestroy((id) => watches.ended(id));
  return (request, options) => openOutside(core, watches, request, options);
}

async function openOutside(
  core: HttpCore,
  watches: SessionWatches,
  given: RequestToOpen,
  options: OpenSessionOptions = {},
): Promise<OpenedSession> {
  requireOptions(options, 'sessions.open(request, options)', OPTIONS);
  const { trustProxy = false, lookEvery = 5 } = options;
  const every = requireDuration(lookEvery, 'lookEvery') * 1000;
  const request = asRequest(given, trustProxy);
  const own = new VisitSession(core, request);
  const { host, https } = request;
  if (!own.isInHeader && !core.csrf.isOwnPage(request.header('origin'), host, https)) {
    core.log.csrfRefused('foreign_origin', request);
    return { ok: false, reason: 'foreign_origin', statusCode: 403 };
  }
  await own.before();
  const state = await own.open();
  if (state.carried === undefined) return { ok: false, reason: 'no_session', statusCode: 401 };
  const failed = (error: unknown) => core.log.listenerFailed(error);
  const watch = new SessionWatch({ watches, kind: own.kind, every, failed }, state);
  return { ok: true, session: outside(state, watch) };
}

function outside(state: SessionState, { onEnd }: SessionWatch): OpenSession {
  const update = async (change: (data: SessionValues) => void | Promise<void>): Promise<void> => {
    if (state.carried?.version === 0) refuse();
    await state.session.update(change);
  };
  return readOnly(state.session, refuse, { onEnd, update }) as Session as unknown as OpenSession;
}

function refuse(): never {
  throw new KeyturnError(
    'session_invalid',
    'a session that no response goes with cannot be changed',
    'change one that is kept in a store with await session.update(fn), and any other in a request',
  );
}

function asRequest({ headers, url, socket }: RequestToOpen, trustProxy: boolean): HttpRequest {
  const header = (name: string): string | undefined => {
    const { get } = headers as Partial<Headers>;
    if (typeof get === 'function') return get.call(headers, name) ?? undefined;
    const value = (headers as Record<string, string | string[] | undefined>)[name];
    return typeof value === 'object' ? value.join(', ') : value;
  };
  const forwarded = (name: string) => (trustProxy ? header(name)?.split(',')[0]?.trim() : undefined);
  const encrypted = (socket as { readonly encrypted?: boolean } | undefined)?.encrypted === true;
  const https = encrypted || /^(?:https|wss):/.test(url ?? '');
  return {
    method: 'GET',
    header,
    host: forwarded('x-forwarded-host') ?? header('host'),
    https: (forwarded('x-forwarded-proto') ?? (https ? 'https' : 'http')) === 'https',
  };
}
