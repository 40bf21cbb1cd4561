// What TypeScript says to an app that uses the package, in a folder of its own.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const TSC = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');
const OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  module: 'NodeNext',
  target: 'ES2023',
  types: ['node'],
  noEmit: true,
};

/** What the compiler finds wrong with an app. */
async function complaints(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-types-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/keyturn'));
  for (const name of ['fastify', '@types']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: OPTIONS, include: ['*.ts'] }),
  );
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return await promisify(execFile)(process.execPath, [TSC, '-p', folder]).then(
    ({ stdout }) => stdout,
    (error) => error.stdout,
  );
}

const app = `
import type { FastifyReply, FastifyRequest } from 'fastify';
export async function handler(request: FastifyRequest, reply: FastifyReply) {
  const unknown: unknown = request.session.anything;
  request.session.cart = ['book'];
  delete request.session.cart;
  request.session.regenerate({ keep: ['cart'] });
  await request.session.update((data) => { data.count = Number(data.count ?? 0) + 1; });
  request.flash('info', 'Saved');
  const messages: readonly string[] = request.flash('info');
  const all: Readonly<Record<string, readonly string[]>> = reply.flash();
  const token: string = reply.csrfToken();
  // @ts-expect-error: what nobody declared is unknown
  const text: string = request.session.anything;
  // @ts-expect-error: a method that is misspelt
  request.session.destory();
  return { unknown, messages, all, token, text };
}`;

const typed = `
import type { FastifyRequest } from 'fastify';
export function typed({ session }: FastifyRequest) {
  session.userId = 'ada';
  session.set('userId', 'ada');
  const one: string | undefined = session.userId;
  const other: string | undefined = session.get('userId');
  // @ts-expect-error: it is a text
  session.userId = 4;
  // @ts-expect-error: it is a text
  session.set('userId', 4);
  // @ts-expect-error: it may be missing
  const missing: string = session.userId;
  return [one, other, missing];
}`;

test('a session without declared data', async () => {
  expect(await complaints({ 'app.ts': `import 'keyturn/fastify';${app}` })).toBe('');
});

test.each([
  ['keyturn/fastify', "import 'keyturn/fastify';"],
  ['keyturn', "import 'keyturn/fastify';\nimport type {} from 'keyturn';"],
])('data declared through %s', async (name, imports) => {
  const declared = `declare module '${name}' { interface SessionData { userId: string } }`;
  expect(
    await complaints({
      'app.ts': [imports, declared, typed, app.slice(app.indexOf('export'))]
        .join('\n')
        .replace(
          "import type { FastifyRequest } from 'fastify';",
          "import type { FastifyReply, FastifyRequest } from 'fastify';",
        ),
    }),
  ).toBe('');
});
