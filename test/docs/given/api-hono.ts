import { type Context, Hono } from 'hono';

export { Hono };
export const app = new Hono();
export const signIn = (c: Context): Response => c.redirect('/', 303);
