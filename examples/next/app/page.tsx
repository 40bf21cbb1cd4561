// A Server Component reads the session.
import { cookies, headers } from 'next/headers';
import { kt } from '../lib/keyturn';
import { addNote } from './actions';
import { NoteForm } from './note-form';

export default async function Page() {
  const { session } = await kt.read(await cookies());
  const messages = JSON.parse(decodeURIComponent((await headers()).get('x-messages') ?? '[]')) as string[];
  const { name, notes = [] } = session;
  return (
    <>
      {messages.map((text) => (
        <p key={text} role="status">
          {text}
        </p>
      ))}
      {name === undefined ? (
        <form method="post" action="/sign-in">
          <label>
            Name <input name="name" required />
          </label>
          <button type="submit">Sign in</button>
        </form>
      ) : (
        <>
          <h1>{`Notes of ${name}`}</h1>
          <ul>
            {notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
          <NoteForm action={addNote} />
          <form method="post" action="/sign-out">
            <button type="submit">Sign out</button>
          </form>
        </>
      )}
    </>
  );
}
