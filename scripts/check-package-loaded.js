// Part of `npm run package`, run beside the installed package: how much JavaScript an app of Fastify loads for it, with
// a variable for the secret and sessions in the cookie. Prints the bytes of each file. V8 itself says what it has loaded.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { takeCoverage } from 'node:v8';
import Fastify from 'fastify';
import keyturn from 'keyturn/fastify';

// V8 writes what it has loaded into the folder that NODE_V8_COVERAGE names, whoever runs this has to set it.
const folder = process.env.NODE_V8_COVERAGE;
const app = Fastify();
await app.register(keyturn);
app.post('/', { config: { csrf: false } }, (request) => {
  request.session.user = 'ada';
  request.flash('info', 'saved');
  return {};
});
app.get('/', (request, reply) => ({ user: request.session.user, token: reply.csrfToken() }));
const first = await app.inject({ method: 'POST', url: '/' });
const cookie = [first.headers['set-cookie']].flat().map((line) => line.split(';')[0]);
const { user } = (await app.inject({ url: '/', headers: { cookie: cookie.join('; ') } })).json();
if (user !== 'ada') throw new Error('the session was not kept');
await app.close();

takeCoverage();
const [file] = readdirSync(folder);
const { result } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
const here = fileURLToPath(new URL('./node_modules/', import.meta.url));
const loaded = result
  .filter(({ url }) => url.startsWith('file:'))
  .map(({ url }) => fileURLToPath(url))
  .filter((path) => path.startsWith(here));
console.log(
  JSON.stringify(Object.fromEntries(loaded.map((path) => [path.slice(here.length), statSync(path).size]))),
);
