// What goes out: nothing signed backwards, and a session anew whose key is due to go.
import { attributesText } from '../attributes.js';
import { setCookieParts } from '../cookie-header.js';
import type { BridgeKeys } from '../keys.js';
import type { Incoming } from './incoming.js';
import type { HookContext } from './library.js';
import { withoutVersion } from './secrets.js';

/** What `/get-session` answers. */
interface FoundSession {
  readonly session?: { readonly token?: string; readonly expiresAt: Date | string };
}

export class Outgoing {
  readonly #keys: BridgeKeys;
  readonly #incoming: Incoming;

  readonly #hasNewVersions: boolean;

  constructor(keys: BridgeKeys, incoming: Incoming, hasNewVersions: boolean) {
    this.#keys = keys;
    this.#incoming = incoming;
    this.#hasNewVersions = hasNewVersions;
  }

  /**
   * Changes the cookies of the response to a call.
   *
   * @returns what is to be added to its header
   */
  change(call: HookContext): Headers {
    const { responseHeaders } = call.context;
    const seen = this.#incoming.seenIn(call);
    const before = responseHeaders?.getSetCookie() ?? [];
    const after = this.#incoming.upgrader
      .outgoing(before, seen)
      .filter((line) => this.#keys.maySign || !this.#isSealed(call, line))
      .map((line) => this.#forAll(call, line));
    if (after.length !== before.length || after.some((line, at) => line !== before[at])) {
      responseHeaders?.delete('set-cookie');
      for (const line of after) responseHeaders?.append('set-cookie', line);
    }
    const added = new Headers();
    const again = this.#again(call, after);
    if (again !== undefined) added.append('set-cookie', again);
    return added;
  }

  #isSealed({ context }: HookContext, line: string): boolean {
    const { name, value } = setCookieParts(line);
    return value !== '' && this.#incoming.isSealed(name, context);
  }

  /** While the old secret signs there may be replicas that know nothing of versions. */
  #forAll({ context }: HookContext, line: string): string {
    if (!this.#hasNewVersions || this.#keys.current.signing.state !== 'old') return line;
    const { name, value, attributes } = setCookieParts(line);
    if (name !== context.createAuthCookie('oauth_state').name) return line;
    return `${name}=${withoutVersion(value)}${attributes}`;
  }

  /**
   * Where somebody asks for a session, and has found it: nobody else gets the answer, since the library forbids that it is
   * stored.
   */
  #again(call: HookContext, sent: readonly string[]): string | undefined {
    if (call.path !== '/get-session') return undefined;
    const { authCookies, returned } = call.context;
    const { name, attributes } = authCookies.sessionToken;
    const seen = this.#incoming.seenIn(call);
    const { session } = (returned ?? {}) as FoundSession;
    if (session === undefined || sent.some((line) => setCookieParts(line).name === name)) return undefined;
    if (session.token !== undefined && session.token !== seen.get(name)?.payload) return undefined;
    const seconds = Math.floor((new Date(session.expiresAt).getTime() - this.#keys.now()) / 1000);
    if (!(seconds > 0)) return undefined;
    const value = this.#incoming.upgrader.again(name, seen);
    if (value === undefined) return undefined;
    const isRemembered = !seen.has(authCookies.dontRememberToken.name);
    return `${name}=${value}${isRemembered ? `; Max-Age=${seconds}` : ''}${attributesText(attributes)}`;
  }
}
