import Koa, { type Middleware } from 'koa';

export { bodyParser } from '@koa/bodyparser';
export const app = new Koa();
export declare const router: { post(path: string, ...handlers: Middleware[]): void };
export declare const upload: { single(field: string): Middleware };
