import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

// What a handler of node:http is given.
export const request = new IncomingMessage(new Socket());
export const response = new ServerResponse(request);
export const email = 'ada@example.com';
