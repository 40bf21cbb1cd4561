// A response of node:http that is held back until the session is saved, whichever way the app answers.
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect as connect2, createServer as createServer2 } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as soon } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { HttpVisit, ResponseHeaders } from '../../src/http/contract.js';
import { holdUntilSaved } from '../../src/http/node-hold.js';
import { Gate, until } from '../support/waiting.js';

type App = (request: IncomingMessage, response: ServerResponse) => unknown;

interface Saving {
  /** How long it takes; default: nothing to wait for. */
  readonly gate?: Gate;
  readonly error?: Error;
  /** It fails each time, and not once. */
  readonly always?: boolean;
}

/** What was called of a visit. */
function visitOf({ gate, error, always = false }: Saving) {
  const calls: string[] = [];
  let asked = 0;
  const done = (headers: ResponseHeaders) => {
    if (error !== undefined && (always || asked === 1)) throw error;
    if (asked === 1) headers.append('set-cookie', 'sid=1');
    calls.push('saved');
  };
  const visit = {
    finish: (headers: ResponseHeaders) => {
      asked += 1;
      calls.push(`finish ${headers.get('x-app') ?? '-'}`);
      if (gate === undefined || asked > 1) return done(headers);
      return gate.pass().then(() => done(headers));
    },
    guard: (headers: ResponseHeaders) => {
      calls.push('guard');
      headers.set('vary', 'Cookie');
    },
    end: () => {
      calls.push('end');
    },
  } as unknown as HttpVisit;
  return { visit, calls };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

async function serve(saving: Saving, app: App, failed?: (error: unknown, response: ServerResponse) => void) {
  const { visit, calls } = visitOf(saving);
  const responses: ServerResponse[] = [];
  const server = createServer((request, response) => {
    responses.push(response);
    holdUntilSaved(
      response,
      () => visit,
      (error) => {
        calls.push(`failed ${(error as Error).message}`);
        (failed ?? ((_error, one) => one.end('the error page')))(error, response);
      },
    );
    app(request, response);
  });
  server.listen(0, 'localhost');
  await new Promise((done) => server.once('listening', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const get = (method = 'GET') =>
    new Promise<Answer>((done, fail) => {
      ask({ port, host: 'localhost', method }, async (answer) => {
        let text = '';
        for await (const chunk of answer) text += chunk;
        done({ status: answer.statusCode as number, headers: answer.headers, text });
      })
        .once('error', fail)
        .end();
    });
  return { get, calls, port, responses };
}

/** The same with a session that is saved at once and one that has to be waited for. */
async function both(app: App, method = 'GET'): Promise<Answer> {
  const now = await (await serve({}, app)).get(method);
  const gate = new Gate();
  const { get, calls } = await serve({ gate }, app);
  const answer = get(method);
  await gate.reached();
  for (let turn = 0; turn < 5; turn++) await soon();
  expect(calls).not.toContain('guard');
  gate.open();
  const later = await answer;
  const apart = ({ status, headers: { date: _, ...headers }, text }: Answer) => ({ status, headers, text });
  expect(apart(later)).toEqual(apart(now));
  expect(calls.filter((call) => call === 'guard')).toHaveLength(1);
  expect(later.headers['set-cookie']?.at(-1)).toBe('sid=1');
  expect(later.headers.vary).toBe('Cookie');
  return later;
}

describe('whichever way an app answers', () => {
  test('end alone has a length', async () => {
    const answer = await both((_request, response) => response.end('hello'));
    expect(answer).toMatchObject({ status: 200, text: 'hello', headers: { 'content-length': '5' } });
  });

  test('status and message as they were when it answered', async () => {
    const answer = await both((_request, response) => {
      response.statusCode = 201;
      response.end('made');
      response.statusCode = 500;
    });
    // Where nothing is waited for the header was out already.
    expect(answer.status).toBe(201);
  });

  test.each<[string, unknown]>([
    ['an object', { 'X-App': 'yes', 'Set-Cookie': ['a=1', 'b=2'] }],
    ['a list', ['X-App', 'yes', 'Set-Cookie', 'a=1', 'set-cookie', 'b=2']],
    [
      'pairs',
      [
        ['X-App', 'yes'],
        ['Set-Cookie', ['a=1', 'b=2']],
      ],
    ],
  ])('headers that writeHead was given as %s are merged with those that are set', async (_as, fields) => {
    const answer = await both((_request, response) => {
      response.setHeader('x-app', 'no');
      response.setHeader('x-other', 'stays');
      response.setHeader('set-cookie', 'gone=1');
      response.writeHead(202, fields as Record<string, string>).end('x');
    });
    expect(answer).toMatchObject({ status: 202, headers: { 'x-app': 'yes', 'x-other': 'stays' } });
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2', 'sid=1']);
  });

  test('a list of cookies that belongs to the app stays as it is: the next visitor gets it too', async () => {
    const cookies = ['a=1'];
    const fields = { 'set-cookie': ['b=2'] };
    await both((_request, response) => response.setHeader('set-cookie', cookies).end());
    await both((_request, response) => response.writeHead(200, fields).end());
    expect(cookies).toEqual(['a=1']);
    expect(fields).toEqual({ 'set-cookie': ['b=2'] });
  });

  test('what is given to writeHead is seen when the session is saved, and its message is kept', async () => {
    const { get, calls } = await serve({}, (_request, response) => {
      response.writeHead(200, 'Well', { 'x-app': 'yes' });
      expect(() => response.writeHead(200)).toThrow(/headers/i);
      response.end(`${response.statusMessage}`);
    });
    expect((await get()).text).toBe('Well');
    expect(calls.slice(0, 3)).toEqual(['finish yes', 'saved', 'guard']);
  });

  test('writes, in their order, with their callbacks', async () => {
    const written: string[] = [];
    const answer = await both((_request, response) => {
      response.write('61', 'hex', () => written.push('a'));
      response.write(Buffer.from('b'), () => written.push('b'));
      response.end('c', () => written.push('c'));
    });
    expect(answer.text).toBe('abc');
    await until(() => written.length === 6);
    expect(written.join('')).toBe('abcabc');
  });

  test('flushHeaders sends the header, and the rest follows', async () => {
    const gate = new Gate();
    const { get } = await serve({ gate }, async (_request, response) => {
      response.setHeader('x-app', 'yes');
      response.flushHeaders();
      expect(response.headersSent).toBe(true);
      await soon();
      response.write('a');
      response.end('b');
    });
    const answer = get();
    await gate.reached();
    gate.open();
    expect(await answer).toMatchObject({ status: 200, text: 'ab', headers: { 'x-app': 'yes' } });
  });

  test.each([204, 304])('%i has no body', async (status) => {
    const answer = await both((_request, response) => response.writeHead(status).end());
    expect(answer).toMatchObject({ status, text: '' });
  });

  test('HEAD has the length and no body', async () => {
    const answer = await both((_request, response) => {
      response.setHeader('content-length', 5);
      response.end('hello');
    }, 'HEAD');
    expect(answer).toMatchObject({ text: '', headers: { 'content-length': '5' } });
  });

  test('a stream that is piped, larger than any buffer', async () => {
    const chunk = Buffer.alloc(100_000, 'x');
    const answer = await both((_request, response) => Readable.from(Array(30).fill(chunk)).pipe(response));
    expect(answer.text).toHaveLength(3_000_000);
    const piped = await both((_request, response) => pipeline(Readable.from([chunk, chunk]), response));
    expect(piped.text).toHaveLength(200_000);
  });

  test('end twice is one answer', async () => {
    const codes: unknown[] = [];
    const answer = await both((_request, response) => {
      response.end('once');
      response.end((error?: Error & { code?: string }) => codes.push(error?.code));
    });
    expect(answer.text).toBe('once');
    await until(() => codes.length === 2);
    expect(codes).toEqual(['ERR_STREAM_ALREADY_FINISHED', 'ERR_STREAM_ALREADY_FINISHED']);
  });
});

describe('while it is held', () => {
  test('it counts as sent', async () => {
    const gate = new Gate();
    const seen: unknown[] = [];
    const { get } = await serve({ gate }, (_request, response) => {
      response.on('drain', () => seen.push('drain'));
      seen.push(response.headersSent, response.write('a'), response.headersSent, response.writableEnded);
      expect(() => response.setHeader('x', '1')).toThrow(
        expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' }),
      );
      expect(() => response.removeHeader('x')).toThrow(/after they are sent/);
      expect(() => response.writeHead(500, {})).toThrow(/Cannot write headers/);
      // As what compresses does for each chunk.
      response.writeHead(200);
      expect(() => response.write(5 as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
      );
      expect(() => response.write(null as never)).toThrow(
        expect.objectContaining({ code: 'ERR_STREAM_NULL_VALUES' }),
      );
      gate.open();
      response.once('drain', () => {
        seen.push(response.write('b'));
        response.end();
        seen.push(response.writableEnded);
      });
    });
    expect((await get()).text).toBe('ab');
    expect(seen).toEqual([false, false, true, false, 'drain', true, true]);
  });

  test('what others do when the header goes out is done then', async () => {
    const answer = await both((_request, response) => {
      const { writeHead } = response;
      response.writeHead = ((...given: [number]) => {
        response.setHeader('x-late', String(response.getHeader('x-app')));
        return writeHead.apply(response, given);
      }) as typeof writeHead;
      response.setHeader('x-app', 'yes');
      response.end('x');
    });
    expect(answer.headers['x-late']).toBe('yes');
  });

  test('a client that goes away costs nothing', async () => {
    const gate = new Gate();
    const said: unknown[] = [];
    const { port, calls, responses } = await serve({ gate }, (_request, response) => {
      response.write('a', (error) =>
        said.push(error === null || error === undefined ? 'written' : 'not written'),
      );
      response.end('b');
    });
    const socket = connect(port, 'localhost');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await gate.reached();
    socket.destroy();
    await until(() => calls.includes('end'));
    gate.open();
    await until(() => said.length > 0);
    expect(calls.filter((call) => call.startsWith('failed'))).toEqual([]);
    expect(responses[0]?.destroyed).toBe(true);
  });

  test('two of them are saved before it goes out', async () => {
    const [one, other] = [new Gate(), new Gate()];
    const [outer, inner] = [visitOf({ gate: one }), visitOf({ gate: other })];
    const server = createServer((_request, response) => {
      for (const { visit } of [outer, inner])
        holdUntilSaved(
          response,
          () => visit,
          () => {},
        );
      response.end('x');
    }).listen(0, 'localhost');
    onTestFinished(() => void server.close());
    await new Promise((done) => server.once('listening', done));
    const answer = fetch(`http://localhost:${(server.address() as AddressInfo).port}`);
    await one.reached();
    one.open();
    await other.reached();
    other.open();
    expect((await answer).headers.getSetCookie()).toEqual(['sid=1', 'sid=1']);
    expect(inner.calls).toContain('guard');
    expect(outer.calls).toContain('guard');
  });
});

describe.each([
  ['at once', false],
  ['later', true],
] as const)('saving fails %s', (_when, isLater) => {
  const saving = (): Saving => {
    const gate = new Gate();
    gate.open();
    return { error: new Error('no'), ...(isLater ? { gate } : {}) };
  };

  test('and the error is answered in the place of what was to be sent', async () => {
    const said: unknown[] = [];
    const { get, calls } = await serve(saving(), (_request, response) => {
      response.setHeader('cache-control', 'public, max-age=60');
      response.setHeader('x-app', 'stays');
      response.writeHead(302, 'Gone', { location: '/', 'content-type': 'text/html' });
      response.write('to be lost', (error) => said.push(error?.message));
      response.end();
    });
    const answer = await get();
    expect(answer).toMatchObject({ status: 500, text: 'the error page', headers: { 'x-app': 'stays' } });
    for (const name of ['location', 'content-type', 'cache-control', 'set-cookie'])
      expect(answer.headers).not.toHaveProperty(name);
    expect(calls.filter((call) => /^(failed|finish)/.test(call))).toEqual([
      'finish stays',
      'failed no',
      'finish stays',
    ]);
    await until(() => said.length > 0);
    expect(said).toEqual(['no']);
  });

  test('each time, and the error is answered once', async () => {
    const { get, calls } = await serve({ ...saving(), always: true }, (_request, response) =>
      response.end('lost'),
    );
    expect(await get()).toMatchObject({ status: 500, text: 'the error page', headers: { vary: 'Cookie' } });
    expect(calls.filter((call) => call.startsWith('failed'))).toHaveLength(1);
  });

  test('while a stream is piped', async () => {
    const { get } = await serve(saving(), (_request, response) =>
      Readable.from(Array(20).fill(Buffer.alloc(50_000, 'x'))).pipe(response),
    );
    expect(await get()).toMatchObject({ status: 500, text: 'the error page' });
  });

  test('and the error answer may come later', async () => {
    const app: App = (_request, response) => response.end('lost');
    const { get } = await serve(saving(), app, async (_error, response) => {
      await soon();
      expect(response.headersSent).toBe(false);
      response.writeHead(503, { 'x-app': 'error' }).end('later');
    });
    expect(await get()).toMatchObject({ status: 503, text: 'later', headers: { 'x-app': 'error' } });
  });
});

test('a header that Node refuses is an error to answer, and not the end of the process', async () => {
  const gate = new Gate();
  gate.open();
  const { get, calls } = await serve({ gate }, (_request, response) => response.writeHead(7).end());
  expect(await get()).toMatchObject({
    status: 500,
    text: 'the error page',
    headers: { 'set-cookie': ['sid=1'] },
  });
  expect(calls.filter((call) => call.startsWith('failed'))).toHaveLength(1);
});

test('what a hook of the app throws when the connection is closed harms nobody', async () => {
  let asked = 0;
  const server = createServer((_request, response) => {
    holdUntilSaved(
      response,
      () => {
        asked += 1;
        throw new Error('a hook');
      },
      () => response.end('the error page'),
    );
    response.end('lost');
  }).listen(0, 'localhost');
  onTestFinished(() => void server.close());
  await new Promise((done) => server.once('listening', done));
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  expect(await (await fetch(url)).text()).toBe('the error page');
  // To save it for the answer, for that of the error, for the header of that, and when it is closed.
  await until(() => asked === 4);
});

test('over HTTP/2', async () => {
  const gate = new Gate();
  const { visit, calls } = visitOf({ gate });
  const server = createServer2((_request, response) => {
    holdUntilSaved(
      response as unknown as ServerResponse,
      () => visit,
      () => {},
    );
    response.end('hello');
  }).listen(0, 'localhost');
  await new Promise((done) => server.once('listening', done));
  const client = connect2(`http://localhost:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  const stream = client.request({ ':path': '/' });
  const headers = new Promise<Record<string, unknown>>((done) => stream.once('response', done as never));
  await gate.reached();
  gate.open();
  expect(await headers).toMatchObject({ ':status': 200, 'set-cookie': ['sid=1'], vary: 'Cookie' });
  let text = '';
  for await (const chunk of stream) text += chunk;
  expect(text).toBe('hello');
  expect(calls).toContain('guard');
});
