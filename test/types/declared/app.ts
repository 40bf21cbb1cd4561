// An app that says what it keeps in a session, and what its tokens carry. Compiled by app-types.test.ts.
import Fastify, { type FastifyRequest } from 'fastify';
import { createKeyturn, type Keyturn, type SessionName, type SessionValues } from 'keyturn';
import { fastifyConsole, webConsole } from 'keyturn/console';
import keyturn from 'keyturn/fastify';
import keyturnWeb from 'keyturn/web';
import { type Address, Level, type Money, type Tree, type UserId } from './declarations.js';

export async function handler({ session }: FastifyRequest) {
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
  session.userId = undefined;
  delete session.userId;

  // @ts-expect-error: misspelt
  session.userld = 'ada';
  // @ts-expect-error: misspelt
  session.userld;
  // @ts-expect-error: misspelt
  session.get('userld');
  // @ts-expect-error: misspelt
  session.set('userld', 'ada');
  // @ts-expect-error: misspelt
  session.delete('userld');
  // @ts-expect-error: misspelt
  session.regenerate({ keep: ['userld'] });
  // @ts-expect-error: misspelt
  session.regenerate(['userld']);
  // @ts-expect-error: misspelt
  await session.update((data) => data.userld);
  // @ts-expect-error: misspelt
  session.destory();
  session.delete('userId');
  session.regenerate({ keep: ['userId', 'cart'] });
  session.regenerate(['cart']);
  await session.update((data) => {
    data.visits = (data.visits ?? 0) + 1;
  });

  // What JSON carries, as deep as it goes, keeps the type that the app gave it.
  const address: Address | undefined = session.address;
  session.address = { street: 'x', lines: [{ text: 'a', more: [null, true, 1] }] };
  session.address?.lines[0]?.more.push(2);
  session.role = 'editor';
  // @ts-expect-error: not one of them
  session.role = 'king';
  const cart: readonly string[] = session.cart ?? [];
  const anything: unknown = session.anything;
  session.pair = ['a', 1];
  const pair: readonly [string, number] | undefined = session.pair;

  // @ts-expect-error: a Date comes back as a text
  session.signedInAt = new Date();
  // @ts-expect-error: so it is none
  session.signedInAt?.getTime();
  // @ts-expect-error: a Date that stands deep
  session.order = { id: 1, at: [new Date()] };
  // @ts-expect-error: a Map comes back empty
  session.rights = new Map([['a', 1]]);
  // @ts-expect-error: a Set comes back empty
  session.tags = new Set(['a']);
  // @ts-expect-error: a bigint cannot be written
  session.big = 1n;
  // @ts-expect-error: a function is dropped
  session.callback = () => {};
  // @ts-expect-error: bytes come back as an object
  session.bytes = new Uint8Array(2);
  // @ts-expect-error: an object with methods comes back without them
  session.money = { amount: 1, format: () => '1' } satisfies Money;
  // @ts-expect-error: a name that other libraries give to something else
  session.cookie = { theme: 'dark' };
  const owner: UserId | undefined = session.owner;
  session.owner = 'ada' as UserId;
  // @ts-expect-error: not every text is one
  session.owner = 'ada';
  session.level = Level.High;
  session.scores = { a: 1 };
  session.either = 'today';
  // @ts-expect-error: a Date comes back as a text
  session.either = new Date();
  session.maybe = null;
  session.tree = { name: 'a', children: [{ name: 'b', children: [] }] };
  const tree: Tree | undefined = session.tree?.children[0];
  // @ts-expect-error: the name of a method
  session.update = 'x';
  // @ts-expect-error: the name of a method
  session.set('destroy', 'x');
  return { one, other, missing, address, cart, anything, pair, owner, tree };
}

export async function signers(kt: Keyturn) {
  const reset = kt.signer('password-reset', { maxAge: '3h' });
  reset.sign({ userId: 42 });
  const result = reset.verify('x', { bind: ({ userId }) => `${userId}` });
  if (result.ok) result.payload.userId.toFixed();
  // @ts-expect-error: the payload is another one
  reset.sign({ user: 42 });
  // @ts-expect-error: misspelt
  kt.signer('password-rest');
  // @ts-expect-error: misspelt
  kt.sealer('downlaod');
  // @ts-expect-error: a Date comes back as a text
  kt.signer('dated').sign({ at: new Date() });
  kt.sealer('download').seal({ file: 'a.pdf' });
  // Built-in ones need no declaration.
  kt.signer('invitation').verify('x');
  kt.signer<{ team: string }>('invitation').sign({ team: 'a' });
  await createKeyturn({ config: { purposes: { download: { max_age: '1h' } } } });
  // @ts-expect-error: misspelt
  await createKeyturn({ config: { purposes: { downlaod: { max_age: '1h' } } } });
}

export async function app() {
  await Fastify().register(keyturn, { user: ({ userId }) => userId, lastWins: ['visits'] });
  // @ts-expect-error: misspelt
  await Fastify().register(keyturn, { user: ({ userld }) => userld });
  // @ts-expect-error: misspelt
  await Fastify().register(keyturn, { lastWins: ['visit'] });
  // @ts-expect-error: whose session it is must be known at once
  await Fastify().register(keyturn, { user: async ({ userId }) => userId });
}

export async function console() {
  await Fastify().register(fastifyConsole, { guard: ({ session }) => ({ who: session.userId }) });
  await Fastify().register(fastifyConsole, {
    prefix: '/keys',
    steps: true,
    guard: async ({ session: { role, userId } }) => role === 'editor' && { who: userId, mayAct: true },
  });
  // @ts-expect-error: without a guard anybody could see it
  await Fastify().register(fastifyConsole, {});
  // @ts-expect-error: misspelt
  await Fastify().register(fastifyConsole, { guard: ({ session }) => ({ who: session.userld }) });
  // @ts-expect-error: who it is has to be said
  webConsole(keyturnWeb(), { guard: () => true });
}

export function generic(values: SessionValues, name: SessionName): unknown {
  return values[name];
}
