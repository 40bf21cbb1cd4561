// What people and programs do with Locker.
import type { Answer, Browser } from '../support/browser.js';

export const JSON_PLEASE = { accept: 'application/json' };

/** What Chrome sends along with a form of the page itself. */
export const OWN_FORM = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' };

/** The token that stands in the page's form. */
export function tokenIn(page: string): string {
  const token = /name="_csrf" value="([^"]+)"/.exec(page)?.[1];
  if (token === undefined) throw new Error(`no form with a token in:\n${page}`);
  return token;
}

/** Opens the page and sends its sign-in form. */
export async function signIn(browser: Browser, username = 'ada', password = 'locker'): Promise<Answer> {
  const _csrf = tokenIn((await browser.get('/')).text);
  const form = { username, password, _csrf };
  return await browser.ask('/login', { method: 'POST', form, headers: OWN_FORM });
}

export async function signOut(browser: Browser): Promise<Answer> {
  const _csrf = tokenIn((await browser.get('/')).text);
  return await browser.ask('/logout', { method: 'POST', form: { _csrf }, headers: OWN_FORM });
}

/** Who is signed in, as `/me` says. */
export async function whoAmI(browser: Browser): Promise<unknown> {
  return (await browser.get('/me')).json.user;
}

/** The messages that a page shows. */
export function messagesIn(page: string): string[] {
  return [...page.matchAll(/<p class="message \w+" role="\w+">([^<]*)</g)].map((match) => match[1] as string);
}

/** Sends a file as the form of the page does: the token in front. */
export async function upload(
  browser: Browser,
  name: string,
  content: string | Uint8Array = 'content',
  { type = 'text/plain', headers = OWN_FORM as Record<string, string> } = {},
): Promise<Answer> {
  const data = new FormData();
  data.set('_csrf', tokenIn((await browser.get('/')).text));
  data.set('file', new File([content], name, { type }));
  return await browser.ask('/files', { method: 'POST', data, headers });
}

export interface ListedFile {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly type: string;
  readonly uploadedAt: string;
  readonly url: string;
}

export async function listFiles(browser: Browser): Promise<readonly ListedFile[]> {
  return (await browser.get('/files', JSON_PLEASE)).json.files;
}

/** The address of what one can do with a file. */
export function pathOf({ id, name }: ListedFile): string {
  return `/files/${id}/${encodeURIComponent(name)}`;
}

/** Sends the form that stands on a page. */
export async function sendForm(
  browser: Browser,
  page: string,
  action: string,
  fields: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Answer> {
  const form = { _csrf: tokenIn((await browser.get(page)).text), ...fields };
  return await browser.ask(action, { method: 'POST', form, headers: { ...OWN_FORM, ...headers } });
}
