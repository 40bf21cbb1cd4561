import type { IncomingMessage, ServerResponse } from 'node:http';

export interface NextApiRequest extends IncomingMessage {
  query: Partial<Record<string, string | string[]>>;
  cookies: Partial<Record<string, string>>;
  body: unknown;
}
export interface NextApiResponse extends ServerResponse {}
