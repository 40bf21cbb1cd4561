import { onKoa } from './koa.mjs';

/** koa-session 7 on Koa 3. */
export const app = (load) => onKoa(load, 'koa', 'koa-session');
