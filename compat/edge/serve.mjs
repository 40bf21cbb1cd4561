// The app on Deno and Bun. Says the port.
import process from 'node:process';
import app from './app.mjs';

const handle = (request) => app.fetch(request, process.env);
if (globalThis.Bun === undefined)
  Deno.serve({ port: 0, onListen: ({ port }) => console.log(`port ${port}`) }, handle);
else console.log(`port ${Bun.serve({ port: 0, fetch: handle }).port}`);
