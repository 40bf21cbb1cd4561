// An app of Express by itself. Compiled by app-types.test.ts.
import express from 'express';
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
  // @ts-expect-error: how long it lives is a setting
  req.session.cookie.maxAge = 5;
  req.checkCsrf(req.body.token);
  req.session = null;
});
