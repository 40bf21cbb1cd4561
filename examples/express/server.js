// Express: sign in, a message for the next page, a form, sign out. `PORT=3000 node server.js`
import express from 'express';
import keyturn from 'keyturn/express';

const app = express();
const sessions = keyturn();
app.use(express.urlencoded({ extended: false }));
app.use(sessions);

app.get('/', (req, res) => {
  const { name, notes = [] } = req.session;
  const form = (action, content) => `<form method="post" action="${action}">
    <input type="hidden" name="_csrf" value="${req.csrfToken()}">${content}</form>`;
  res.send(`<!doctype html><title>Notes</title>
    ${req
      .flash('info')
      .map((text) => `<p role="status">${safe(text)}</p>`)
      .join('')}
    ${
      name === undefined
        ? form('/sign-in', field('name', 'Name', 'Sign in'))
        : `<h1>Notes of ${safe(name)}</h1>
    <ul>${notes.map((note) => `<li>${safe(note)}</li>`).join('')}</ul>
    ${form('/notes', field('note', 'Note', 'Add'))}${form('/sign-out', '<button>Sign out</button>')}`
    }`);
});

// A real app asks for more than a name.
app.post('/sign-in', async (req, res) => {
  await req.session.regenerate();
  req.session.name = req.body.name;
  req.flash('info', `Welcome ${req.body.name}`);
  res.redirect(303, '/');
});

app.post('/notes', (req, res) => {
  req.session.notes = [...(req.session.notes ?? []), req.body.note];
  req.flash('info', 'Saved');
  res.redirect(303, '/');
});

app.post('/sign-out', (req, res) => {
  req.session = null;
  req.flash('info', 'Goodbye');
  res.redirect(303, '/');
});

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
