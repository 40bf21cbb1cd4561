// `PORT=3000 node server.js`
import { serve } from '@hono/node-server';
import { app, sessions } from './app.js';

await sessions.ready(); // refuses to start without a secret in production
serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`http://localhost:${port}`);
});
