import type { IncomingMessage, ServerResponse } from 'node:http';

export declare const request: IncomingMessage;
export declare const response: ServerResponse;
export const email = 'ada@example.com';
