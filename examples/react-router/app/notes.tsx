// Sign in, a message for the next page, a form, sign out. A real app asks for more than a name.
import { Form, redirect } from 'react-router';
import type { Route } from './+types/notes';
import { visitor } from './session.server';

export function loader({ context }: Route.LoaderArgs) {
  const { session, flash } = context.get(visitor);
  return { name: session.name, notes: session.notes ?? [], messages: flash('info') };
}

export async function action({ request, context }: Route.ActionArgs) {
  const { session, flash } = context.get(visitor);
  const form = await request.formData();
  switch (form.get('intent')) {
    case 'sign-in':
      session.regenerate();
      session.name = String(form.get('name'));
      flash('info', `Welcome ${session.name}`);
      break;
    case 'add':
      session.notes = [...(session.notes ?? []), String(form.get('note'))];
      flash('info', 'Saved');
      break;
    case 'sign-out':
      session.destroy();
      flash('info', 'Goodbye');
      break;
  }
  return redirect('/');
}

export default function Notes({ loaderData: { name, notes, messages } }: Route.ComponentProps) {
  return (
    <>
      {messages.map((text) => (
        <p key={text} role="status">
          {text}
        </p>
      ))}
      {name === undefined ? (
        <Form method="post">
          <input type="hidden" name="intent" value="sign-in" />
          <label>
            Name <input name="name" required />
          </label>
          <button type="submit">Sign in</button>
        </Form>
      ) : (
        <>
          <h1>{`Notes of ${name}`}</h1>
          <ul>
            {notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
          <Form method="post">
            <input type="hidden" name="intent" value="add" />
            <label>
              Note <input name="note" required />
            </label>
            <button type="submit">Add</button>
          </Form>
          <Form method="post">
            <input type="hidden" name="intent" value="sign-out" />
            <button type="submit">Sign out</button>
          </Form>
        </>
      )}
    </>
  );
}
