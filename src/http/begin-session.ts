// A session that begins without a request: for tests of apps.
import type { BegunSession } from '../sessions/outside.js';
import type { SessionValues } from '../sessions/session.js';
import type { HttpCore } from './core.js';
import { Visit } from './visit.js';

/** As where somebody without any cookie signs in. */
export async function beginSession(core: HttpCore, data: SessionValues): Promise<BegunSession> {
  const setCookies: string[] = [];
  const visit = new Visit(core, {
    method: 'GET',
    header: () => undefined,
    host: 'localhost',
    https: true,
  });
  await visit.before();
  const { session } = visit;
  session.regenerate();
  Object.assign(session, data);
  const csrfToken = visit.csrfToken();
  await visit.finish({
    keys: () => [],
    get: () => undefined,
    set: () => {},
    append: (_name, value) => void setCookies.push(value),
  });
  const cookie = setCookies.map((field) => field.split(';', 1)[0]).join('; ');
  return { cookie, setCookies, csrfToken, id: session.id };
}
