import express from 'express';

export const app = express();
export const sub = '42';
export const jwtFromRequest = (request: { headers: { authorization?: string | undefined } }): string | null =>
  request.headers.authorization ?? null;
export const verify = (payload: { sub: string }, done: (error: null, user: object) => void): void =>
  done(null, { id: payload.sub });
