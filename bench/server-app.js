// One server of the comparison, as a process of its own: node bench/server-app.js <framework> <variant>
const [, , framework, variant] = process.argv;
const { variants } = await import(`./apps/${framework}.js`);
const server = await variants[variant]();
if (!server.listening) await new Promise((done) => server.once('listening', done));
process.send({ port: server.address().port });
process.on('message', (message) => {
  if (message === 'stop') process.exit(0);
  const { user, system } = process.cpuUsage();
  process.send({ cpu: user + system });
});
