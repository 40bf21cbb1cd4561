// An app of Express by itself. Compiled by app-types.test.ts.
import express from 'express';
import { expressConsole } from 'keyturn/console';
import keyturn from 'keyturn/express';

const app = express();
app.use(keyturn());
app.post('/', async (req, res) => {
  req.session.cart = ['book'];
  const unknown: unknown = req.session.anything;
  req.session.regenerate((error) => res.json([error, unknown]));
  await req.session.regenerate({ keep: true });
  req.session.destroy(() => res.end(req.csrfToken()));
  // @ts-expect-error: a method that is misspelt
  req.session.destory();
  req.session.cookie.maxAge = 14 * 86_400_000;
  req.session.cookie.expires = false;
  const ends: Date = req.session.expiresAt;
  req.session.remember(ends > new Date() ? '14d' : false);
  req.checkCsrf(req.body.token);
  req.session = null;
});
app.use('/keyturn', expressConsole({ guard: (req) => req.session.admin === true && { who: req.sessionID } }));
app.use('/keys', expressConsole({ guard: (req: express.Request) => ({ who: req.ip }) }));
