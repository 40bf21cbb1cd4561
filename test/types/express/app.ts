// An app of Express beside the types of express-session, passport and connect-flash. Compiled by app-types.test.ts.
import 'express-session';
import 'passport';
import 'connect-flash';
import express from 'express';
import { expressConsole } from 'keyturn/console';
import keyturn, { type ExpressSession, session } from 'keyturn/express';

const app = express();
const sessions = keyturn({ csrf: 'manual', user: (data) => data.user as string });
app.use(sessions);
app.get('/', keyturn.csrf(), async (req, res) => {
  const mine: ExpressSession = session(req);
  mine.cart = ['book'];
  await mine.regenerate({ keep: ['cart'] });
  const count: number = req.flash('info', 'Saved');
  const texts: string[] = req.flash('info');
  res.json([req.sessionID, req.csrfToken(), req.isAuthenticated(), req.session.cookie.maxAge, count, texts]);
});
export const ready: Promise<unknown> = sessions.ready();
app.use('/keyturn', expressConsole({ guard: (req) => req.isAuthenticated() && { who: req.sessionID } }));
app.use('/keys', expressConsole({ guard: (req: express.Request) => ({ who: req.ip }) }));
