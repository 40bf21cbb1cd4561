import { onKoa } from './koa.mjs';

/** koa-session 6 on Koa 2. */
export const app = (load) => onKoa(load, 'koa-2', 'koa-session-6');
