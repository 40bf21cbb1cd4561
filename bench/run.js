// npm run bench [micro|hot-path|server]: ratios, never absolute promises. docs/performance.md says how to read them.
const which = process.argv[2];
console.log(`node ${process.version}, ${process.arch}`);
if (which === undefined || which === 'micro') (await import('./micro.js')).micro();
if (which === undefined || which === 'hot-path') (await import('./hot-path.js')).hotPath();
if (which === undefined || which === 'server') await (await import('./server.js')).server();
