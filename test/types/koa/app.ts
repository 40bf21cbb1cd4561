// An app of Koa, as its types stand. Compiled by app-types.test.ts.

import { koaConsole } from 'keyturn/console';
import keyturn, { csrf, type Session } from 'keyturn/koa';
import Koa from 'koa';

const app = new Koa();
const sessions = keyturn({ csrf: 'manual', user: (data) => data.user as string });
app.use(sessions);
app.use(csrf());
app.use(async (ctx, next) => {
  ctx.session.regenerate({ keep: ['cart'] });
  ctx.session.user = 'ada';
  ctx.session = { cart: ['book'] };
  ctx.session = null;
  const mine: Session = ctx.session;
  const texts: readonly string[] = ctx.flash('info');
  ctx.flash('info', 'Saved');
  // @ts-expect-error: a message is a text
  ctx.flash('info', { text: 'Saved' });
  ctx.checkCsrf('token');
  ctx.body = [ctx.csrfToken(), texts, mine.id];
  await next();
});
function apart(ctx: Koa.Context): string {
  // @ts-expect-error: it is a text
  const id: number = ctx.session.id;
  return ctx.csrfToken() + id;
}
app.use((ctx) => {
  ctx.body = apart(ctx);
});
export const ready: Promise<unknown> = sessions.ready();
app.use(koaConsole({ guard: (ctx) => ctx.session.admin === true && { who: ctx.session.id } }));
app.use(koaConsole({ guard: (ctx: Koa.Context) => ({ who: ctx.ip }) }));
