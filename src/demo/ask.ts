// One request over node:http, as a browser sends it.
import { type Agent, request } from 'node:http';

export interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly cookie?: string | undefined;
  /** A form that is sent. */
  readonly form?: Readonly<Record<string, string>> | undefined;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly setCookies: readonly string[];
  /** When it was asked and answered, by the clock that nobody sets; milliseconds. */
  readonly askedAt: number;
  readonly answeredAt: number;
}

/** @throws where no connection comes about, it breaks, or no answer comes in time */
export async function ask(agent: Agent, port: number, question: Question, patience: number): Promise<Answer> {
  const { method, path, cookie, form } = question;
  const body = form === undefined ? undefined : new URLSearchParams(form).toString();
  const askedAt = performance.now();
  return await new Promise((done, failed) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        agent,
        method,
        path,
        headers: {
          'sec-fetch-site': 'same-origin',
          ...(cookie === undefined ? {} : { cookie }),
          ...(body === undefined
            ? {}
            : {
                'content-type': 'application/x-www-form-urlencoded',
                'content-length': Buffer.byteLength(body),
              }),
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => {
          text += part;
        });
        response.on('error', failed).on('end', () => {
          const { statusCode: status = 0, headers } = response;
          const setCookies = headers['set-cookie'] ?? [];
          done({ status, text, setCookies, askedAt, answeredAt: performance.now() });
        });
      },
    );
    const late = setTimeout(() => asked.destroy(new Error('no answer in time')), patience);
    asked.on('error', failed).on('close', () => {
      clearTimeout(late);
      failed(new Error('the connection was closed'));
    });
    asked.end(body);
  });
}
