// The server of `keyturn console`: on this machine alone, for one browser. A link that works once gives it a cookie; without
// that there is nothing to see. Pages of other sites can send requests to it, under a name of theirs that leads here, too:
// so the host that was asked for is looked at, and where a form comes from.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { assetAnswer, htmlAnswer, textAnswer, withFields } from '../console/answers.js';
import type { ConsoleApp } from '../console/app.js';
import { assetAt, assetsFrom } from '../console/assets/all.js';
import type { ConsoleAnswer } from '../console/contract.js';
import { nodeParts, send } from '../console/mount/node.js';
import { closedPage } from '../console/pages/index.js';
import { pathOf } from '../http/path.js';
import { randomId } from '../signing/random.js';
import { isSameText } from '../signing/same-text.js';

export interface ConsoleServerParts {
  readonly app: ConsoleApp;
  /** Who takes the steps, for the history. */
  readonly who: string;
  readonly mayAct: boolean;
  /** 0: any that is free. */
  readonly port: number;
  /** Called for every request of the browser that is let in, but those by which a page keeps itself up to date. */
  readonly asked: () => void;
}

export interface ConsoleServer {
  /** Works once. */
  readonly link: string;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
/** What leads to this machine from itself, or from another one by a tunnel, with whatever port. */
const OWN_HOST = /^(?:127\.0\.0\.1|localhost)(?::\d{1,5})?$/;
const SECRET_BYTES = 32;
const OPEN = '/open/';

/** @throws an error of Node where the port cannot be had */
export async function startConsoleServer(parts: ConsoleServerParts): Promise<ConsoleServer> {
  const session = new Session(parts);
  const server = createServer((request, response) => {
    void session
      .answer(request, response)
      .then((answer) => send(answer, request, response))
      .catch(() => response.destroy());
  });
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(parts.port, HOST, done);
  });
  const { port } = server.address() as AddressInfo;
  session.port = port;
  return {
    link: `http://${HOST}:${port}${OPEN}${session.ticket}`,
    close: async () => {
      parts.app.close();
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The one browser that is let in. */
class Session {
  port = 0;
  /** What is in the link. */
  readonly ticket: string = randomId(SECRET_BYTES);
  #isUsed = false;
  readonly #parts: ConsoleServerParts;
  readonly #cookie = randomId(SECRET_BYTES);
  /** One for all pages: it is worth something to the holder of the cookie alone. */
  readonly #csrf = randomId(SECRET_BYTES);

  constructor(parts: ConsoleServerParts) {
    this.#parts = parts;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<ConsoleAnswer> {
    const { host = '' } = request.headers;
    if (!OWN_HOST.test(host)) return textAnswer(`this is not ${printableHost(host)}\n`, 421);
    const url = request.url ?? '/';
    const path = pathOf(url);
    if (path.startsWith(OPEN)) return this.#open(request, path.slice(OPEN.length));
    // They say nothing of the keys: the page for whoever is not let in looks like the others.
    const asset = assetAt(path);
    if (asset !== undefined && (request.method === 'GET' || request.method === 'HEAD'))
      return assetAnswer(asset.text, asset.type);
    if (!this.#isLetIn(request)) return closed(undefined);
    if (path !== '/live') this.#parts.asked();
    const { app, who, mayAct } = this.#parts;
    return await app.answer({
      ...nodeParts(request, response, undefined),
      path,
      mount: '',
      query: new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?') + 1) : ''),
      visitor: { who, mayAct },
      csrf: {
        field: '_csrf',
        token: () => this.#csrf,
        accepts: (token = '') => request.headers.origin === `http://${host}` && isSameText(token, this.#csrf),
      },
    });
  }

  /** By GET alone: whatever looks ahead at links must not use it up. */
  #open({ method }: IncomingMessage, shown: string): ConsoleAnswer {
    if (method !== 'GET' || !isSameText(shown, this.ticket)) return closed(undefined);
    if (this.#isUsed) return closed(`http://${HOST}:${this.port}/`);
    this.#isUsed = true;
    this.#parts.asked();
    const cookie = `${this.#cookieName}=${this.#cookie}; Path=/; HttpOnly; SameSite=Strict`;
    // Not by a redirect: where the link was followed from another site that would carry no strict cookie.
    return withFields(htmlAnswer(OPENED), { 'set-cookie': cookie });
  }

  #isLetIn({ headers: { cookie = '' } }: IncomingMessage): boolean {
    const found = cookie.split(/; */).find((pair) => pair.startsWith(`${this.#cookieName}=`));
    return found !== undefined && isSameText(found.slice(this.#cookieName.length + 1), this.#cookie);
  }

  /** Browsers keep the cookies of all ports together. */
  get #cookieName(): string {
    return `keyturn-console-${this.port}`;
  }
}

/** What was asked for is repeated as far as it is a name. */
function printableHost(host: string): string {
  return /^[\w.:-]{1,100}$/.test(host) ? host : 'the host that was asked for';
}

/** What whoever has no cookie is told. @param open where it is, for whoever has the link that opened it */
function closed(open: string | undefined): ConsoleAnswer {
  const facts =
    open === undefined
      ? {
          title: 'This console is closed to this browser',
          message:
            'It opens by the link that the command has printed. The link works once, in the browser that opened it first.',
          hint: 'For another link, run the command again.',
        }
      : {
          title: 'This link was used already',
          message: `It works once. The console is open in the browser that used it first, at ${open}`,
          hint: 'For another link, run the command again.',
        };
  return htmlAnswer(closedPage(assetsFrom(''), facts), 403);
}

const OPENED = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url=/">
<title>Keyturn</title>
<p><a href="/">Go on to the console</a></p>
`;
