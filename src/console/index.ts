// `keyturn/console`: the pages that show a rotation, mounted in an app.
export { type ConsoleExpressRequest, type ExpressConsole, expressConsole } from './mount/express.js';
export { type ConsoleFastifyRequest, type FastifyConsoleOptions, fastifyConsole } from './mount/fastify.js';
export type { ConsoleGuardAnswer, ConsoleGuest, ConsoleRefusal } from './mount/guard.js';
export { type ConsoleHonoContext, type HonoConsole, honoConsole } from './mount/hono.js';
export { type ConsoleKoaContext, type KoaConsole, koaConsole } from './mount/koa.js';
export type { ConsoleOptions, PlacedConsoleOptions } from './mount/mount.js';
export { type NodeConsole, nodeConsole } from './mount/node.js';
export { type ConsoleWebApp, type WebConsole, webConsole } from './mount/web.js';
