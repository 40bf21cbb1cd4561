// Locker in the process of a test, for what would take a real one too long: many guesses, and moments in between.
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { createKeyturn, type Keyturn } from 'keyturn';
import { createBlobStore } from 'keyturn/blobs';
import { newFolder } from './process.js';

/** Compiled, and by its path: its types are those of the compiled package, which would meet the sources' here. */
export const part = (name: string): Promise<any> =>
  import(pathToFileURL(resolve(`examples/locker/dist/${name}.js`)).href);

const { buildLocker } = await part('app');
const { Accounts } = await part('accounts');
const { Files } = await part('files');
export const { hashPassword } = await part('passwords');

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const CONTENT = { 'content-type': 'application/json', accept: 'application/json' };

export type Headers = Record<string, string>;

/** What a browser sends back. */
export const cookiesOf = (answer: { cookies: Array<{ name: string; value: string }> }): string =>
  answer.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');

export class LockerWithin {
  readonly app: FastifyInstance;
  readonly accounts: any;
  readonly #keyturn: Keyturn;

  private constructor(keyturn: Keyturn, accounts: unknown, app: FastifyInstance) {
    this.#keyturn = keyturn;
    this.accounts = accounts;
    this.app = app;
  }

  /** The password of everybody is "everybody". @param more settings of Locker */
  static async build(backend = 'cookie', more: object = {}): Promise<LockerWithin> {
    const env = { KEYTURN_SESSION__BACKEND: backend };
    const keyturn = await createKeyturn({ profile: 'test', env, cwd: '/nonexistent', logger: silent });
    const folder = newFolder();
    const accounts = await Accounts.open(join(folder, 'accounts.json'), 'everybody');
    const files = new Files(await createBlobStore(keyturn, { folder }));
    const settings = { accounts, files, maxFileSize: 1000, shareFor: ['1h'], ...more };
    return new LockerWithin(keyturn, accounts, buildLocker(keyturn, settings));
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.#keyturn.close();
  }

  async login(username: string, password: string, more: InjectOptions = {}): Promise<LightMyRequestResponse> {
    const page = await this.app.inject({ url: '/', headers: { accept: 'application/json' } });
    const headers: Headers = { ...CONTENT, cookie: cookiesOf(page), 'x-csrf-token': page.json().csrfToken };
    return await this.app.inject({
      url: '/login',
      method: 'POST',
      payload: { username, password },
      ...more,
      headers: { ...headers, ...(more.headers as Headers) },
    });
  }

  async token(username: string, password: string, headers: Headers = {}): Promise<LightMyRequestResponse> {
    return await this.app.inject({
      url: '/api/token',
      method: 'POST',
      headers: { ...CONTENT, ...headers },
      payload: { username, password },
    });
  }

  async choose(user: string, password: string): Promise<void> {
    await this.accounts.choosePassword(user, await hashPassword(password));
  }
}
