// A client of HTTP/2, of which `fetch` knows nothing.

export interface Http2Answer {
  readonly status: number;
  readonly text: string;
  readonly setCookies: readonly string[];
  readonly header: (name: string) => string | undefined;
}

export interface Http2Client {
  readonly ask: (
    method: string,
    path: string,
    json?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Http2Answer>;
  readonly close: () => void;
}

/** Loaded where it is needed: not every runtime has it. */
export async function http2Client(url: string): Promise<Http2Client> {
  const { connect } = await import('node:http2');
  const session = connect(url);
  const ask: Http2Client['ask'] = async (method, path, json, headers = {}) => {
    const type = json === undefined ? {} : { 'content-type': 'application/json' };
    const stream = session.request({ ':method': method, ':path': path, ...type, ...headers });
    return await new Promise((done, failed) => {
      let head: Record<string, unknown> = {};
      let text = '';
      session.once('error', failed);
      stream.on('error', failed).on('response', (given) => {
        head = given;
      });
      stream.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      stream.on('end', () => {
        const setCookies = (head['set-cookie'] ?? []) as string[];
        const header = (name: string) => head[name] as string | undefined;
        done({ status: Number(head[':status']), text, setCookies, header });
      });
      stream.end(json === undefined ? undefined : JSON.stringify(json));
    });
  };
  return { ask, close: () => session.close() };
}
