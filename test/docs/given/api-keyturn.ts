import type { FastifyReply, FastifyRequest } from 'fastify';
import { createKeyturn } from 'keyturn';

export { memoryStore } from 'keyturn/stores/memory';
export const keyturn = await createKeyturn();
export const user = { id: '42' };
export const token = 'kt1.…';
export const password = '…';
export const changePassword = async (_user: object, _password: string): Promise<void> => {};
export declare const request: FastifyRequest;
export declare const reply: FastifyReply;
