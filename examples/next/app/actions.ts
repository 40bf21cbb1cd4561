'use server';
// A server action saves into the cookie jar, and gives its message to the form.
import { cookies, headers } from 'next/headers';
import { kt } from '../lib/keyturn';

export async function addNote(_before: string | undefined, form: FormData): Promise<string> {
  const visit = await kt.open({ method: 'POST', headers: await headers() });
  const { session } = visit;
  session.notes = [...(session.notes ?? []), String(form.get('note'))];
  await visit.save(await cookies());
  return 'Saved';
}
