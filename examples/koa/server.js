// Koa: sign in, a message for the next page, a form, sign out. `PORT=3000 node server.js`
import { bodyParser } from '@koa/bodyparser';
import keyturn from 'keyturn/koa';
import Koa from 'koa';

const app = new Koa();
const sessions = keyturn();
app.use(bodyParser());
app.use(sessions);

// What a router does, such as @koa/router.
const routes = {
  'GET /': (ctx) => {
    const { name, notes = [] } = ctx.session;
    const form = (action, content) => `<form method="post" action="${action}">
      <input type="hidden" name="_csrf" value="${ctx.csrfToken()}">${content}</form>`;
    ctx.body = `<!doctype html><title>Notes</title>
      ${ctx
        .flash('info')
        .map((text) => `<p role="status">${safe(text)}</p>`)
        .join('')}
      ${
        name === undefined
          ? form('/sign-in', field('name', 'Name', 'Sign in'))
          : `<h1>Notes of ${safe(name)}</h1>
      <ul>${notes.map((note) => `<li>${safe(note)}</li>`).join('')}</ul>
      ${form('/notes', field('note', 'Note', 'Add'))}${form('/sign-out', '<button>Sign out</button>')}`
      }`;
  },

  // A real app asks for more than a name.
  'POST /sign-in': (ctx) => {
    ctx.session.regenerate();
    ctx.session.name = ctx.request.body.name;
    ctx.flash('info', `Welcome ${ctx.request.body.name}`);
    ctx.redirect('/');
  },

  'POST /notes': (ctx) => {
    ctx.session.notes = [...(ctx.session.notes ?? []), ctx.request.body.note];
    ctx.flash('info', 'Saved');
    ctx.redirect('/');
  },

  'POST /sign-out': (ctx) => {
    ctx.session = null;
    ctx.flash('info', 'Goodbye');
    ctx.redirect('/');
  },
};
app.use((ctx) => routes[`${ctx.method} ${ctx.path}`]?.(ctx));

await sessions.ready(); // refuses to start without a secret in production
const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`http://localhost:${server.address().port}`);
});

function field(name, label, button) {
  return `<label>${label} <input name="${name}" required></label> <button>${button}</button>`;
}

function safe(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
