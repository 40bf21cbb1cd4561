import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { nodeRequest, openHttp } from 'keyturn/http';

export const http = await openHttp();
export const request = new IncomingMessage(new Socket());
export const response = new ServerResponse(request);
export const visit = http.visit(nodeRequest(request));
export const headers: Record<string, string> = {};
