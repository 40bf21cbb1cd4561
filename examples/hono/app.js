// Hono: sign in, a message for the next page, a form, sign out. The same app on every runtime; server.js is for Node.
import { Hono } from 'hono';
import { html } from 'hono/html';
import keyturn from 'keyturn/hono';

export const sessions = keyturn();
export const app = new Hono().use(sessions);

app.get('/', (c) => {
  const { name, notes = [] } = c.var.session;
  const form = (action, content) => html`<form method="post" action="${action}">
    <input type="hidden" name="_csrf" value="${c.var.csrfToken()}">${content}</form>`;
  return c.html(html`<!doctype html><title>Notes</title>
    ${c.var.flash('info').map((text) => html`<p role="status">${text}</p>`)}
    ${
      name === undefined
        ? form('/sign-in', field('name', 'Name', 'Sign in'))
        : html`<h1>Notes of ${name}</h1>
          <ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>
          ${form('/notes', field('note', 'Note', 'Add'))}${form('/sign-out', html`<button>Sign out</button>`)}`
    }`);
});

// A real app asks for more than a name.
app.post('/sign-in', async (c) => {
  const { name } = await c.req.parseBody();
  c.var.session.regenerate();
  c.var.session.name = name;
  c.var.flash('info', `Welcome ${name}`);
  return c.redirect('/', 303);
});

app.post('/notes', async (c) => {
  const { session, flash } = c.var;
  session.notes = [...(session.notes ?? []), (await c.req.parseBody()).note];
  flash('info', 'Saved');
  return c.redirect('/', 303);
});

app.post('/sign-out', (c) => {
  c.var.session.destroy();
  c.var.flash('info', 'Goodbye');
  return c.redirect('/', 303);
});

function field(name, label, button) {
  return html`<label>${label} <input name="${name}" required></label> <button>${button}</button>`;
}
