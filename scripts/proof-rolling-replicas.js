// The replicas as real processes, and the balancer before them: round robin without stickiness, to those that call
// themselves ready.
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { REASONS } from './proof-reasons.js';
import { newFolder, root, sleep, start } from './proof-tools.js';

const APP = join(root, 'scripts', 'proof-app.js');
/** In milliseconds, as load balancers do it. */
const LOOK_EVERY = 200;
/** Before another replica is tried: soon, and less often while nobody answers. */
const RETRY_AFTER = 50;
const LONGEST_RETRY = 400;
/** When nobody has answered for so many times the patience with one the proof has failed. */
const GIVE_UP_AFTER = 15;

export class Replica {
  #env;
  #cwd = newFolder();
  #child;
  #agent;
  #log = '';
  #port = 0;
  #expectedToEnd = false;
  #tally;
  #patience;
  /** What it said when it was last asked whether it is ready. */
  ready = false;
  requests = 0;
  refused = 0;
  unavailable = 0;
  /** What was done to it: `{ what, from, until }`, in seconds. */
  events = [];
  /** When it was not called ready: `{ from, until }`, in seconds. */
  away = [];

  /** @param patience milliseconds in which it must say that it is ready */
  constructor(name, { line, env, tally, patience }) {
    this.#patience = patience;
    this.name = name;
    this.line = line;
    this.#env = env;
    this.#tally = tally;
  }

  /** @param env variables from now on */
  async start(env = this.#env) {
    this.#env = env;
    const child = start(APP, [], { cwd: this.#cwd, env: { ...env, HOST: '127.0.0.1', PORT: '0' } });
    this.#child = child;
    this.#expectedToEnd = false;
    let running = true;
    child.ended.then(({ code, signal }) => {
      running = false;
      if (this.#expectedToEnd || this.#child !== child) return;
      this.#tally.fail(`${this.name} ended by itself (${code ?? signal}):\n${child.output.slice(-2000)}`);
    });
    for (;;) {
      const port = /^listening on port (\d+)$/m.exec(child.output)?.[1];
      if (port !== undefined) {
        this.#agent = new Agent({ keepAlive: true });
        this.#port = Number(port);
        return;
      }
      if (!running) throw new Error(`${this.name} did not start`);
      await sleep(10);
    }
  }

  signal(name) {
    this.#child.kill(name);
  }

  async stop(signal) {
    this.#expectedToEnd = true;
    this.signal(signal);
    await this.#child.ended;
    this.#log += this.#child.output;
    this.#agent.destroy();
    this.#port = 0;
  }

  get log() {
    return this.#log + this.#child.output;
  }

  /** Looks whether it is ready, again and again, as a balancer does. */
  async watch(ended) {
    while (!ended()) {
      this.#is(await this.#looksReady());
      await sleep(LOOK_EVERY);
    }
    this.#is(true);
  }

  #is(ready) {
    this.ready = ready;
    const { now } = this.#tally;
    const last = this.away.at(-1);
    if (!ready && (last === undefined || last.until !== undefined)) this.away.push({ from: now });
    else if (ready && last !== undefined) last.until ??= now;
  }

  async #looksReady() {
    try {
      return (await this.ask({ path: '/readyz' }, this.#patience)).status === 200;
    } catch {
      return false;
    }
  }

  /** @throws when no answer comes in time: what was asked for may have been done all the same */
  async ask({ method = 'GET', path, headers = {}, json }, patience) {
    const body = json === undefined ? undefined : JSON.stringify(json);
    const typed = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body ?? '') };
    return await new Promise((resolve, reject) => {
      const asked = request({
        host: '127.0.0.1',
        port: this.#port,
        agent: this.#agent,
        method,
        path,
        headers: { accept: 'application/json', ...(body === undefined ? {} : typed), ...headers },
      });
      const timer = setTimeout(() => asked.destroy(new Error('no answer in time')), patience);
      const failed = (error) => {
        clearTimeout(timer);
        reject(error);
      };
      asked.on('error', failed).on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => {
          text += part;
        });
        response.on('error', failed).on('end', () => {
          clearTimeout(timer);
          const setCookies = response.headers['set-cookie'] ?? [];
          const { statusCode: status } = response;
          const reasons = (response.headers[REASONS] ?? '').split(' ');
          resolve({
            replica: this,
            status,
            body: status === 200 ? JSON.parse(text) : {},
            setCookies,
            reasons,
          });
        });
      });
      asked.end(body);
    });
  }
}

export class Balancer {
  #replicas;
  #patience;
  #tally;
  #next = 0;

  /** @param patience milliseconds that an answer may take */
  constructor(replicas, { patience, tally }) {
    this.#replicas = replicas;
    this.#patience = patience;
    this.#tally = tally;
  }

  /**
   * Asks one replica after another until one answers. Where one that was ready does not, or says 503, that is no
   * refusal: the request goes on to the next. `again` tells whether an earlier try may have been done all the same.
   */
  async ask(what) {
    const deadline = performance.now() + GIVE_UP_AFTER * this.#patience;
    for (let again = false, pause = RETRY_AFTER; ; pause = Math.min(2 * pause, LONGEST_RETRY)) {
      const replica = this.#pick();
      if (replica !== undefined) {
        replica.requests++;
        try {
          const answer = await replica.ask(what, this.#patience);
          if (answer.status < 500) {
            this.#tally.answered();
            return { ...answer, again };
          }
          // Out of reach is one thing, and a mistake another.
          if (answer.status !== 503) this.#tally.fail(`${replica.name}: ${what.path} gave ${answer.status}`);
        } catch {
          // Told below.
        }
        again = true;
        replica.unavailable++;
        this.#tally.unavailable();
      }
      if (performance.now() > deadline) throw new Error('no replica answers any more');
      await sleep(pause);
    }
  }

  #pick() {
    for (let tries = 0; tries < this.#replicas.length; tries++) {
      const replica = this.#replicas[this.#next++ % this.#replicas.length];
      if (replica.ready) return replica;
    }
    return undefined;
  }
}
