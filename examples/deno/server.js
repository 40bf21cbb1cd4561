// Deno: the app of ../hono. `PORT=3000 deno run --allow-all server.js`
import process from 'node:process';
import { app, sessions } from '../hono/app.js';

await sessions.ready(); // refuses to start without a secret in production
Deno.serve(
  {
    port: Number(process.env.PORT ?? 3000),
    onListen: ({ port }) => console.log(`http://localhost:${port}`),
  },
  app.fetch,
);
