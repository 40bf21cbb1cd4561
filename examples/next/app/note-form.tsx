'use client';
import { useActionState } from 'react';

type Action = (before: string | undefined, form: FormData) => Promise<string>;

export function NoteForm({ action }: { action: Action }) {
  const [message, submit] = useActionState(action, undefined);
  return (
    <form action={submit}>
      {message !== undefined && <p role="status">{message}</p>}
      <label>
        Note <input name="note" required />
      </label>
      <button type="submit">Add</button>
    </form>
  );
}
