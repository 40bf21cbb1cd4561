// Runs the snippets of one page, each on its own: node run-page.mjs FOLDER FILE…
// What listens gets a free port and is visited once, as a browser would: its page is asked for, and its form is sent.
import { mkdtempSync } from 'node:fs';
import { register } from 'node:module';
import { Server } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// What is not installed has a stand-in. Each snippet gets what is given, and what it takes of snippets before it, anew: `?of=LINE` goes along.
register(
  `data:text/javascript,${encodeURIComponent(`
  export async function resolve(specifier, context, next) {
    const found = await next(specifier, context).catch((error) => {
      const standIn = new URL('stand-ins/' + specifier + '.js', context.parentURL);
      return next(standIn.href, context).catch(() => { throw error; });
    });
    const of = /\\?of=.+$/.exec(context.parentURL ?? '');
    return of !== null && specifier.startsWith('.') ? { ...found, url: found.url + of[0] } : found;
  }
`)}`,
);

let servers = [];
const { listen } = Server.prototype;
Server.prototype.listen = function (first, ...rest) {
  servers.push(this);
  // One that the snippet itself has closed is not visited.
  this.once('close', () => {
    servers = servers.filter((server) => server !== this);
  });
  const onFreePort = typeof first === 'object' && first !== null ? { ...first, port: 0 } : 0;
  return listen.call(this, onFreePort, ...rest);
};

const [folder, ...files] = process.argv.slice(2);
process.once('exit', (code) => code === 0 && process.stdout.write('all ran\n'));

for (const file of files.filter((name) => name !== 'given.js')) {
  const at = (name) => `${pathToFileURL(join(folder, name)).href}?of=${encodeURIComponent(file)}`;
  process.stdout.write(`${file}\n`);
  process.chdir(mkdtempSync(join(folder, 'files-')));
  const { default: exported } = await import(at(file));
  if (files.includes('given.js')) await (await import(at('given.js'))).afterwards?.(exported);
  for (const server of [...servers]) {
    await listening(server);
    await visit(`http://localhost:${server.address().port}`);
    server.closeAllConnections();
    server.close();
  }
  servers = [];
}
process.exit();

function listening(server) {
  return server.listening ? undefined : new Promise((done) => server.once('listening', done));
}

async function visit(origin) {
  const jar = new Map();
  const ask = async (path, init) => {
    const headers = { cookie: [...jar].map((pair) => pair.join('=')).join('; '), origin };
    const response = await fetch(origin + path, { redirect: 'manual', headers, ...init });
    for (const cookie of response.headers.getSetCookie()) {
      const [name, value] = cookie.split(';')[0].split(/=(.*)/);
      jar.set(name, value);
    }
    if (response.status >= 400 && response.status !== 404) throw new Error(`${path}: ${response.status}`);
    return { status: response.status, to: response.headers.get('location'), text: await response.text() };
  };
  const { text } = await ask('/');
  const form = /<form method="post"(?: action="([^"]*)")?>([\s\S]*?)<\/form>/.exec(text);
  if (form === null) return;
  const fields = [...form[2].matchAll(/<input([^>]*)>/g)].map(([, field]) => [
    /name="([^"]*)"/.exec(field)?.[1],
    /value="([^"]*)"/.exec(field)?.[1] ?? 'ada',
  ]);
  const sent = await ask(form[1] ?? '/', { method: 'POST', body: new URLSearchParams(fields) });
  if (sent.to !== '/') throw new Error(`the form was answered with ${sent.status}`);
  await ask('/');
}
