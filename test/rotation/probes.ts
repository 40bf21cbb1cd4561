// For every purpose something real that was signed, and somebody who uses it. What a user sees of a refusal is found
// out by doing what the user would do.
import type { FastifyInstance } from 'fastify';
import type { Keyturn } from '../../src/index.js';
import type { Replica, World } from './world.js';

/** Something that was signed. */
export interface Held {
  /** Whether it is accepted; looking uses nothing up. */
  alive(on?: Replica): Promise<boolean>;
  /** What its user sees. */
  sees(): Promise<string>;
}

type Probe = (world: World) => Promise<Held>;

/** A browser, as far as cookies go. */
export class Visitor {
  readonly #app: FastifyInstance;
  readonly #cookies: Map<string, string>;

  constructor(app: FastifyInstance, cookies: ReadonlyMap<string, string> = new Map()) {
    this.#app = app;
    this.#cookies = new Map(cookies);
  }

  /** The same cookies once more: what is done with them changes nothing here. */
  copy(app: FastifyInstance = this.#app): Visitor {
    return new Visitor(app, this.#cookies);
  }

  async get(url: string): Promise<{ readonly status: number; readonly json: any }> {
    return await this.#ask('GET', url);
  }

  async post(url: string, payload: object): Promise<number> {
    return (await this.#ask('POST', url, payload)).status;
  }

  /** Opens a page with a form. @returns its CSRF token */
  async page(): Promise<string> {
    return (await this.get('/page')).json.token;
  }

  /** Who the app takes them for. */
  async user(): Promise<string | null> {
    return (await this.get('/me')).json.user;
  }

  async signIn(): Promise<this> {
    const status = await this.post('/sign-in', { user: 'ada', _csrf: await this.page() });
    if (status !== 200) throw new Error(`signing in gave ${status}`);
    return this;
  }

  async #ask(method: 'GET' | 'POST', url: string, payload?: object) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await this.#app.inject({
      method,
      url,
      headers: { cookie },
      ...(payload === undefined ? {} : { payload }),
    });
    for (const header of [answer.headers['set-cookie'] ?? []].flat()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
      if (/; Max-Age=0(;|$)/.test(header)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    const json = /json/.test(String(answer.headers['content-type'])) ? answer.json() : undefined;
    return { status: answer.statusCode, json };
  }
}

const session: Probe = async ({ main }) => {
  const visitor = await new Visitor(main.app).signIn();
  const user = async (on: Replica) => await visitor.copy(on.app).user();
  return {
    alive: async (on = main) => (await user(on)) === 'ada',
    sees: async () => ((await user(main)) === 'ada' ? 'nothing' : 'they are signed out'),
  };
};

/** Sends a form that has been open for a while; when it is refused the user reloads the page. */
async function submit(visitor: Visitor, url: string, token: string): Promise<'accepted' | 'once' | 'never'> {
  const fields = { user: 'ada' };
  if ((await visitor.post(url, { ...fields, _csrf: token })) === 200) return 'accepted';
  return (await visitor.post(url, { ...fields, _csrf: await visitor.page() })) === 200 ? 'once' : 'never';
}

/** In one tab a form is open, in another its user goes on visiting pages. */
const csrf: Probe = async ({ main }) => {
  const visitor = await new Visitor(main.app).signIn();
  const token = await visitor.page();
  return {
    alive: async (on = main) => {
      await visitor.user();
      return (await visitor.copy(on.app).post('/note', { _csrf: token })) === 200;
    },
    sees: async () => {
      const outcome = await submit(visitor.copy(), '/note', token);
      if (outcome === 'accepted') return 'nothing';
      return outcome === 'once'
        ? 'a form that was open is refused once; the reloaded page works'
        : 'a form that is never accepted';
    },
  };
};

/** Somebody has opened the form to sign in, and not signed in yet. */
const csrfId: Probe = async ({ main }) => {
  const visitor = new Visitor(main.app);
  const token = await visitor.page();
  return {
    alive: async (on = main) =>
      (await visitor.copy(on.app).post('/sign-in', { user: 'ada', _csrf: token })) === 200,
    sees: async () => {
      const outcome = await submit(visitor.copy(), '/sign-in', token);
      if (outcome === 'accepted') return 'nothing';
      return outcome === 'once'
        ? 'a sign-in form that was open is refused once; the reloaded page works'
        : 'a form that is never accepted';
    },
  };
};

const flash: Probe = async ({ main }) => {
  const visitor = new Visitor(main.app);
  await visitor.post('/note', { _csrf: await visitor.page() });
  const shown = async (on: Replica) => (await visitor.copy(on.app).get('/messages')).json as string[];
  return {
    alive: async (on = main) => (await shown(on))[0] === 'saved',
    sees: async () => ((await shown(main)).length > 0 ? 'nothing' : 'they do not see a message that waits'),
  };
};

/** A token that stands for itself. `gone` is what its user sees where it is refused and a new one is accepted. */
async function token(
  { main }: World,
  gone: string,
  make: (on: Replica) => string,
  accepts: (on: Replica, token: string) => boolean | Promise<boolean>,
): Promise<Held> {
  const held = make(main);
  return {
    alive: async (on = main) => await accepts(on, held),
    sees: async () => {
      if (await accepts(main, held)) return 'nothing';
      return (await accepts(main, make(main))) ? gone : 'nothing works any more';
    },
  };
}

const ask = async ({ app }: Replica, url: string, headers: Record<string, string> = {}) =>
  (await app.inject({ url, headers })).statusCode === 200;

const LINK_GONE = 'the link no longer works; the app must hand out a new one';

const link: Probe = async (world) =>
  await token(world, LINK_GONE, ({ links }) => links.sign('/invoices/17'), ask);

const linkToFile: Probe = async (world) => {
  const { blobs } = world.main;
  const name = `notes-${Math.random()}.txt`;
  await blobs.put(name, Buffer.from('text'), { type: 'text/plain' });
  return await token(world, LINK_GONE, (on) => on.blobs.signedUrl(name, { maxAge: '7d' }), ask);
};

const jwt: Probe = async (world) =>
  await token(
    world,
    'the app gets a 401 and must fetch a new one',
    (on) => on.jwt.sign({}, { subject: 'ada' }),
    (on, held) => ask(on, '/api/me', { authorization: `Bearer ${held}` }),
  );

/** A refresh token is used up by trying it, so there are many of one moment. */
const refresh: Probe = async ({ main }) => {
  const issue = async () => (await main.refresh.issue({ user: 'ada' })).token;
  const pool = await Promise.all(Array.from({ length: 12 }, issue));
  const accepted = async (on: Replica, held = pool.pop()) => {
    if (held === undefined) throw new Error('no refresh token is left to try');
    return (await on.refresh.rotate(held)).ok;
  };
  return {
    alive: async (on = main) => await accepted(on),
    sees: async () => {
      if (await accepted(main)) return 'nothing';
      return (await accepted(main, await issue()))
        ? 'they must sign in to the app again'
        : 'nothing works any more';
    },
  };
};

const signed =
  (purpose: string, gone: string): Probe =>
  async (world) => {
    const signer = (kt: Keyturn) => kt.signer<string>(purpose);
    return await token(
      world,
      gone,
      ({ keyturn }) => signer(keyturn).sign('ada'),
      ({ keyturn }, held) => signer(keyturn).verify(held).ok as boolean,
    );
  };

const sealed: Probe = async (world) =>
  await token(
    world,
    'the app refuses the token',
    ({ keyturn }) => keyturn.sealer<string>('draft').seal('text'),
    ({ keyturn }, held) => keyturn.sealer<string>('draft').open(held).ok,
  );

/** By purpose, and what is probed of it. */
export const PROBES: Readonly<Record<string, Readonly<Record<string, Probe>>>> = {
  session: { 'a visitor who is signed in': session },
  csrf: { 'a form that is open': csrf },
  'csrf-id': { 'a form to sign in that is open': csrfId },
  flash: { 'a message that waits': flash },
  jwt: { 'an access token': jwt },
  refresh: { 'a refresh token': refresh },
  url: { 'a link': link, 'a link to a file': linkToFile },
  'password-reset': { 'a link in an e-mail': signed('password-reset', 'they must ask for a new link') },
  'email-verification': {
    'a link in an e-mail': signed('email-verification', 'they must ask for a new link'),
  },
  invitation: { 'a link in an e-mail': signed('invitation', 'they must be invited again') },
  download: { 'a token of the app': signed('download', 'the app refuses the token') },
  draft: { 'a sealed token of the app': sealed },
};

/** One of everything, signed now. */
export class Everything {
  readonly #held: ReadonlyArray<readonly [purpose: string, name: string, held: Held]>;

  private constructor(held: ReadonlyArray<readonly [string, string, Held]>) {
    this.#held = held;
  }

  static async make(world: World): Promise<Everything> {
    const held: Array<readonly [string, string, Held]> = [];
    for (const [purpose, probes] of Object.entries(PROBES))
      for (const [name, probe] of Object.entries(probes)) held.push([purpose, name, await probe(world)]);
    return new Everything(held);
  }

  /** Whether each is accepted: "purpose: what" to yes or no. */
  async alive(on?: Replica): Promise<Record<string, boolean>> {
    return await this.#each((held) => held.alive(on));
  }

  /** What each of their users sees. */
  async sees(): Promise<Record<string, string>> {
    return await this.#each((held) => held.sees());
  }

  /** The same keys with what a function says of each purpose. */
  expected<T>(say: (purpose: string) => T): Record<string, T> {
    return Object.fromEntries(this.#held.map(([purpose, name]) => [`${purpose}: ${name}`, say(purpose)]));
  }

  async #each<T>(look: (held: Held) => Promise<T>): Promise<Record<string, T>> {
    const found: Record<string, T> = {};
    for (const [purpose, name, held] of this.#held) found[`${purpose}: ${name}`] = await look(held);
    return found;
  }
}
