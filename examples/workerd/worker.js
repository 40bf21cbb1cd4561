// Workers: sign in, a message for the next page, a form, sign out. `wrangler deploy` bundles it; config.capnp is for workerd
// itself.
import keyturn from 'keyturn/edge';

const kt = keyturn(); // refuses to start without a secret

const routes = {
  'GET /': ({ session, flash }) => {
    const { name, notes = [] } = session;
    const form = (action, content) => `<form method="post" action="${action}">${content}</form>`;
    const page = `<!doctype html><title>Notes</title>
      ${flash('info')
        .map((text) => `<p role="status">${safe(text)}</p>`)
        .join('')}
      ${
        name === undefined
          ? form('/sign-in', field('name', 'Name', 'Sign in'))
          : `<h1>Notes of ${safe(name)}</h1>
          <ul>${notes.map((note) => `<li>${safe(note)}</li>`).join('')}</ul>
          ${form('/notes', field('note', 'Note', 'Add'))}${form('/sign-out', '<button>Sign out</button>')}`
      }`;
    return new Response(page, { headers: { 'content-type': 'text/html' } });
  },

  // A real app asks for more than a name.
  'POST /sign-in': ({ session, flash }, fields) => {
    session.regenerate();
    session.name = fields.get('name');
    flash('info', `Welcome ${session.name}`);
    return back();
  },

  'POST /notes': ({ session, flash }, fields) => {
    session.notes = [...(session.notes ?? []), fields.get('note')];
    flash('info', 'Saved');
    return back();
  },

  'POST /sign-out': ({ session, flash }) => {
    session.destroy();
    flash('info', 'Goodbye');
    return back();
  },
};

export default {
  fetch: (request) =>
    kt.handle(request, async (visit) => {
      const route = routes[`${request.method} ${new URL(request.url).pathname}`];
      if (route === undefined) return new Response('Not found', { status: 404 });
      return route(visit, request.method === 'POST' ? await request.formData() : undefined);
    }),
};

const back = () => new Response(null, { status: 303, headers: { location: '/' } });

function field(name, label, button) {
  return `<label>${label} <input name="${name}" required></label> <button>${button}</button>`;
}

function safe(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
