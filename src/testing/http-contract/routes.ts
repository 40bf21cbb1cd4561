// The routes of the app that the contract visits.
import { setImmediate } from 'node:timers/promises';
import type { Session } from '../../sessions/session.js';
import type { HttpContractContext, HttpContractRoute } from './driver.js';
import type { Gate, Meeting } from './waiting.js';

/** A route whose result is sent as JSON. */
const route = (
  method: 'GET' | 'POST',
  path: string,
  run: (context: HttpContractContext) => unknown,
  csrf = false,
): HttpContractRoute => ({ method, path, csrf, run: async (context) => ({ json: await run(context) }) });

/** As {@link route}, for cases that have routes of their own. */
export const visitRoute = (
  path: string,
  run: (context: HttpContractContext) => unknown,
  { method = 'GET', csrf = false }: Partial<Pick<HttpContractRoute, 'method' | 'csrf'>> = {},
): HttpContractRoute => route(method, path, run, csrf);

/** Everything in it is data: methods and the id are not. */
const data = (session: Session) => ({ ...session });

/**
 * @param slow a request that is slow waits here
 * @param beside requests that run beside others meet here: before one edits, and again before one saves
 */
export function routesOf(slow: Gate, beside: Meeting): readonly HttpContractRoute[] {
  return [
    route('GET', '/untouched', () => 'ok'),
    route('GET', '/read', ({ session }) => ({ id: session.id, isNew: session.isNew, data: data(session) })),
    route('GET', '/read-public', ({ session, setHeader }) => {
      setHeader('cache-control', 'public, max-age=60');
      return data(session);
    }),
    route('GET', '/read-shared', ({ session, setHeader }) => {
      setHeader('cache-control', 's-maxage=60');
      return data(session);
    }),
    route('POST', '/write-with', ({ session, body, setHeader }) => {
      setHeader('cache-control', body.cacheControl);
      session.written = body.cacheControl;
      return 'ok';
    }),
    route('GET', '/write-public', ({ session, setHeader }) => {
      setHeader('cache-control', 'public, s-maxage=9, max-age=60');
      session.seen = true;
      return 'ok';
    }),
    route('POST', '/sign-in', ({ session, body }) => {
      session.regenerate();
      session.user = body.user;
      return { id: session.id };
    }),
    route('POST', '/sign-in-keeping', ({ session, body }) => {
      session.regenerate(body.list ? ['cart'] : { keep: ['cart'] });
      session.user = body.user;
      return data(session);
    }),
    route('POST', '/sign-out', ({ session }) => {
      session.destroy();
      return 'bye';
    }),
    route('POST', '/set', async ({ session, body }) => {
      if (body.beside !== undefined) await beside.of(body.beside);
      session.set(body.key, body.value);
      if (body.beside !== undefined) await beside.of(body.beside);
      if (body.slow) await slow.pass();
      return 'ok';
    }),
    route('POST', '/unset', ({ session, body }) => {
      session.delete(body.key);
      return 'ok';
    }),
    route('POST', '/push-deep', ({ session, body }) => {
      (session.items as unknown[]).push(body.item);
      return 'ok';
    }),
    route('POST', '/add', async ({ session, body }) => {
      await session.update((values) => {
        values.items = [...((values.items as unknown[] | undefined) ?? []), body.item];
      });
      return 'ok';
    }),
    route('POST', '/after-destroy', ({ session }) => {
      session.destroy();
      session.user = 'ghost';
      return 'ok';
    }),
    route('POST', '/destroy-and-throws', ({ session }) => {
      session.destroy();
      throw new Error('after signing out');
    }),
    route('POST', '/destroy-and-empties-itself', ({ session }) => {
      session.destroy();
      session.regenerate();
      session.destroy();
      session.big = 1n;
    }),
    route('POST', '/destroy-and-begins-badly', ({ session }) => {
      session.destroy();
      session.regenerate();
      session.big = 1n;
    }),
    route('POST', '/slow-elevate', async ({ session, body }) => {
      session.regenerate({ keep: true, ...(body.epoch === undefined ? {} : { epoch: body.epoch }) });
      session.elevated = true;
      if (body.slow) await slow.pass();
      return 'ok';
    }),
    route('POST', '/sign-in-by-update', async ({ session, body }) => {
      await session.update((values) => {
        values.user = body.user;
      });
      return 'ok';
    }),
    route('POST', '/update-beside', async ({ session }) => {
      const { list } = session as unknown as { list: string[] };
      session.pending = 1;
      await session.update((values) => {
        session.during = 2;
        values.count = Number(values.count ?? 0) + 1;
      });
      list.push('after');
      return data(session);
    }),
    route('POST', '/update-clash', async ({ session }) => {
      session.a = 'mine';
      const code = await session
        .update((values) => {
          values.a = 'theirs';
          values.other = true;
        })
        .catch((error) => error.code);
      session.a = 'kept';
      return { code };
    }),
    route('POST', '/edit-while-updating', async ({ session }) => {
      const saving = session.update((values) => {
        values.a = 'theirs';
        values.other = true;
      });
      await setImmediate();
      session.a = 'mine';
      await saving;
      return 'ok';
    }),
    route('POST', '/update-twice', async ({ session }) => {
      for (const key of ['one', 'two']) {
        await session.update((values) => {
          values[key] = true;
        });
      }
      return 'ok';
    }),
    route('POST', '/updates-at-once', async ({ session }) => {
      const add = () =>
        session.update((values) => {
          values.count = Number(values.count ?? 0) + 1;
        });
      await Promise.all(Array.from({ length: 5 }, add));
      return data(session);
    }),
    route('POST', '/update-with', async ({ session, body }) => {
      const value = body.bigint ? 1n : body.value;
      return await session
        .update((values) => {
          values[body.key] = value;
        })
        .then(
          () => ({ code: null }),
          (error) => ({ code: error.code, message: error.message }),
        );
    }),
    route('POST', '/destroy-and-update', async ({ session }) => {
      session.destroy();
      await session.update((values) => {
        values.user = 'ghost';
      });
      return 'ok';
    }),
    route('POST', '/destroy-and-sign-in', ({ session, body }) => {
      session.destroy();
      session.regenerate();
      session.user = body.user;
      return 'ok';
    }),
    route('POST', '/sign-in-and-destroy', ({ session, body }) => {
      session.regenerate();
      session.user = body.user;
      session.destroy();
      return 'ok';
    }),
    route('GET', '/too-large', ({ session, flash, csrfToken }) => {
      flash('info', 'x'.repeat(5000));
      session.seen = true;
      csrfToken();
      return 'ok';
    }),
    route('GET', '/form', ({ csrfToken }) => ({ token: csrfToken() })),
    route('GET', '/form-then-data', ({ csrfToken, session }) => {
      const token = csrfToken();
      session.cart = ['book'];
      return { token };
    }),
    route('GET', '/data-then-form', ({ csrfToken, session }) => {
      session.cart = ['book'];
      return { token: csrfToken() };
    }),
    route('GET', '/forms', ({ csrfToken }) => ({ tokens: [csrfToken(), csrfToken()] })),
    route('POST', '/sign-out-and-form', ({ csrfToken, session }) => {
      session.destroy();
      return { token: csrfToken() };
    }),
    route('POST', '/protected', () => 'done', true),
    route(
      'POST',
      '/protected-sign-in',
      ({ session, body }) => {
        session.regenerate();
        session.user = body.user;
        return 'in';
      },
      true,
    ),
    route('POST', '/flash', ({ flash, body }) => {
      for (const [type, text] of body.messages) flash(type, text);
      return 'ok';
    }),
    route('GET', '/flash', ({ flash }) => flash()),
    route('GET', '/flash-at-once', ({ flash }) => {
      flash('info', 'for you alone');
      return flash();
    }),
    route('GET', '/flash-info', ({ flash }) => flash('info')),
  ];
}
