// Bun: the app of ../hono. `PORT=3000 bun server.js`
import { app, sessions } from '../hono/app.js';

await sessions.ready(); // refuses to start without a secret in production
const { url } = Bun.serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) });
console.log(url.origin);
