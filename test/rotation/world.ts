// An app in production on a keyring document, the real commands that change it, and a clock that a test moves for
// both.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import keyturnFastify, { blobRoutes } from '../../src/adapters/fastify/index.js';
import { type BlobStore, createBlobStore } from '../../src/blobs/index.js';
import { createKeyturn, type Keyturn, type Links } from '../../src/index.js';
import { createJwt, createRefreshTokens, type Jwt, type RefreshTokens } from '../../src/jwt/index.js';
import { parseDocument } from '../../src/keyring/document.js';
import type { Impact } from '../../src/rotation/impact.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { keyturn as command, type Ran } from '../cli/run.js';
import { readReports } from '../support/file-reports.js';
import { type ManualClock, memoryLogger, testClock } from '../support/keyturn.js';
import { afterwards } from '../support/ring-file.js';
import { until } from '../support/waiting.js';

/** What every world declares: one purpose that is signed, one that is sealed. */
const PURPOSES = {
  KEYTURN_PURPOSES__DOWNLOAD__MAX_AGE: '1h',
  KEYTURN_PURPOSES__DRAFT__MAX_AGE: '2h',
  KEYTURN_PURPOSES__DRAFT__SEALED: 'true',
};

/** Seconds between staging and promoting in production. */
const MAX_LAG = 60;

/** One process of the app. */
export interface Replica {
  readonly app: FastifyInstance;
  readonly keyturn: Keyturn;
  readonly links: Links;
  readonly blobs: BlobStore;
  readonly jwt: Jwt;
  readonly refresh: RefreshTokens;
}

export class World {
  readonly clock: ManualClock = testClock();
  readonly logger = memoryLogger();
  readonly cwd: string = mkdtempSync(join(tmpdir(), 'keyturn-world-'));
  readonly #env: Readonly<Record<string, string>>;
  #main: Replica | undefined;

  private constructor(settings: Readonly<Record<string, string>>) {
    this.#env = { KEYTURN_ENV: 'prod', ...PURPOSES, ...settings };
    afterwards(() => rmSync(this.cwd, { recursive: true, force: true }));
  }

  /** An app whose ring has one key. */
  static async open(settings: Readonly<Record<string, string>> = {}): Promise<World> {
    const world = new World(settings);
    await world.command('init');
    world.#main = await world.replica();
    return world;
  }

  /** The process that everything happens to. */
  get main(): Replica {
    return this.#main as Replica;
  }

  /** Id of the key that signs. */
  get signs(): string {
    return this.main.keyturn.health.signs as string;
  }

  /** Another process on the same ring and the same disk, with nothing else in common. */
  async replica(): Promise<Replica> {
    const { clock, cwd, logger } = this;
    const keyturn = await createKeyturn({ cwd, env: this.#env, clock: clock.read, logger });
    const app = Fastify();
    afterwards(() => app.close());
    afterwards(() => keyturn.close());
    const links = keyturn.links();
    const blobs = await createBlobStore(keyturn, { folder: join(cwd, 'blobs') });
    const jwt = createJwt(keyturn, { issuer: 'https://a.example', audience: 'api', maxAge: '1h' });
    const store = memoryStore({ clock: clock.read });
    const refresh = createRefreshTokens(keyturn, { store });
    await app.register(keyturnFastify, { keyturn });
    await app.register(blobRoutes, { store: blobs });
    app.get('/me', ({ session }) => ({ user: session.user ?? null }));
    app.get('/page', (_request, reply) => ({ token: reply.csrfToken() }));
    app.post<{ Body: { user: string } }>('/sign-in', ({ session, body }) => {
      session.regenerate();
      session.user = body.user;
      return 'in';
    });
    app.post('/note', ({ flash }) => {
      flash('info', 'saved');
      return 'noted';
    });
    app.get('/messages', ({ flash }) => flash('info'));
    app.get('/invoices/:id', ({ method, url }, reply) =>
      reply.code(links.verify({ method, url }).ok ? 200 : 403).send(),
    );
    app.get('/api/me', ({ headers }, reply) =>
      reply.code(jwt.verify(headers.authorization?.replace('Bearer ', '')).ok ? 200 : 401).send(),
    );
    await app.ready();
    return { app, keyturn, links, blobs, jwt, refresh };
  }

  /** Lets time pass, for the app and for the commands. */
  advance(seconds: number): void {
    this.clock.advance(seconds);
  }

  /** Runs a command as an operator would, at the time of this world. */
  async run(...args: readonly string[]): Promise<Ran> {
    return await command(args, {
      cwd: this.cwd,
      env: this.#env,
      now: this.clock.read,
      // Nobody sets it, and it goes on for as long as this world does.
      monotonic: () => ({ clock: 'boot of this world', shows: this.clock.now }),
    });
  }

  /** A command that must succeed. @returns its output */
  async command(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code !== 0) throw new Error(`keyturn ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** A step, which the app then knows of. */
  async step(...args: readonly string[]): Promise<void> {
    await this.command(...args);
    const path = join(this.cwd, '.keyturn', 'keyring.json');
    const ring = parseDocument(readFileSync(path, 'utf8'), 'the document');
    const { generation } = ring;
    const { keyturn } = this.main;
    await keyturn.reload();
    await until(() => keyturn.health.generation === generation);
    // The next command must find what the app says of itself now.
    await until(async () => {
      const reports = await readReports(path, { ring, lease: 900, now: this.clock.now, tidy: true });
      return reports.some((report) => report.generation === generation);
    });
  }

  /** Stages a key and lets it sign as soon as that is safe. @returns the id of the former one */
  async rotate(): Promise<string> {
    const former = this.signs;
    await this.step('stage');
    this.advance(MAX_LAG);
    await this.step('promote');
    return former;
  }

  /** What `keyturn impact` says. @param kid where the step is about a key; it may begin with "-" */
  async impact(step?: string, kid?: string): Promise<Omit<Impact, 'safeAt'> & { safeAt: string | null }> {
    const words = [...(step === undefined ? [] : [step]), ...(kid === undefined ? [] : ['--', kid])];
    return JSON.parse(await this.command('impact', '--json', ...words));
  }
}
