// npm run bench [-- micro|hot-path|counting|fastify|express|koa|hono]: ratios, never absolute promises. docs/performance.md says how
// to read them.
const FRAMEWORKS = ['fastify', 'express', 'koa', 'hono'];

const which = process.argv[2];
console.log(`node ${process.version}, ${process.arch}`);
if (which === undefined || which === 'micro') (await import('./micro.js')).micro();
if (which === undefined || which === 'hot-path') (await import('./hot-path.js')).hotPath();
if (which === undefined || which === 'counting') (await import('./counting.js')).counted();
for (const framework of FRAMEWORKS)
  if (which === undefined || which === framework) await (await import('./server.js')).server(framework);
