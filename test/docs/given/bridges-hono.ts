import { Hono } from 'hono';

export const app = new Hono();
export const sub = '42';
