// Passwords, as those meet them who guess: what is issued for one ends with it, its check tells nothing, and costs little.
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cookiesOf, type Headers, hashPassword, LockerWithin, part } from './within.js';

const { inTurn } = await part('turns');

let locker: LockerWithin;
beforeEach(async () => {
  locker = await LockerWithin.build();
});
afterEach(() => locker.close());

/** Lets a check of the old password end only after a new one has been chosen. */
function meanwhile(change: () => Promise<void>): void {
  const check = locker.accounts.check.bind(locker.accounts);
  locker.accounts.check = async (user: string, given: string) => {
    const right = await check(user, given);
    await change();
    return right;
  };
}

describe.each(['cookie', 'memory'])('a new password chosen while the old one is checked (%s)', (backend) => {
  beforeEach(async () => {
    await locker.close();
    locker = await LockerWithin.build(backend);
  });

  test.each(['of everybody', 'of her own'])('ends what is issued for the old one, %s', async (which) => {
    const old = which === 'of everybody' ? 'everybody' : 'her own old one';
    if (old !== 'everybody') await locker.choose('ada', old);
    meanwhile(() => locker.choose('ada', 'a fine new one'));
    const signedIn = await locker.login('ada', old);
    const cookie = cookiesOf(signedIn);
    // The second, since the first may be what saves it.
    for (let time = 0; time < 2; time++)
      expect((await locker.app.inject({ url: '/me', headers: { cookie } })).statusCode).toBe(401);
    const issued = (await locker.token('ada', old)).json();
    const authorization = `Bearer ${issued.access_token}`;
    expect((await locker.app.inject({ url: '/api/me', headers: { authorization } })).statusCode).toBe(401);
    const payload = { refresh_token: issued.refresh_token };
    const refreshed = await locker.app.inject({ url: '/api/token/refresh', method: 'POST', payload });
    expect([refreshed.statusCode, refreshed.json()]).toEqual([401, { error: 'Sign in again.' }]);
  });
});

test('a check of the old password that ends after a new one was chosen is no success', async () => {
  await locker.choose('ada', 'her own old one');
  const next = await hashPassword('a fine new one');
  const slow = locker.accounts.check('ada', 'her own old one');
  await locker.accounts.choosePassword('ada', next);
  expect(await slow).toBeUndefined();
  expect(await locker.accounts.check('ada', 'a fine new one')).toBe(locker.accounts.chosenAt('ada'));
});

test('a new password ends access tokens of before', async () => {
  const { access_token } = (await locker.token('ada', 'everybody')).json();
  const headers = { authorization: `Bearer ${access_token}` };
  expect((await locker.app.inject({ url: '/api/me', headers })).json()).toEqual({ user: 'ada' });
  await locker.choose('ada', 'a fine new one');
  expect((await locker.app.inject({ url: '/api/me', headers })).statusCode).toBe(401);
});

test('a wrong guess costs the same for who has chosen a password and who has not', async () => {
  await locker.choose('ada', 'a fine new one');
  const cost = async (user: string) => {
    const costs: number[] = [];
    for (let time = 0; time < 2; time++) {
      const before = process.cpuUsage();
      expect(await locker.accounts.check(user, 'wrong')).toBeUndefined();
      const { user: spent } = process.cpuUsage(before);
      costs.push(spent);
    }
    return Math.min(...costs);
  };
  const ratio = (await cost('ada')) / (await cost('nobody'));
  expect(ratio).toBeGreaterThan(1 / 4);
  expect(ratio).toBeLessThan(4);
});

test('a password of any length costs nothing, and of accents is the same however they are written', async () => {
  const accents = `a${'\u0300'.repeat(200_000)}${'\u0316'.repeat(200_000)}`;
  const before = process.cpuUsage();
  expect(await locker.accounts.check('ada', accents)).toBeUndefined();
  expect(process.cpuUsage(before).user).toBeLessThan(500_000);
  expect((await locker.login('ada', accents)).statusCode).toBe(413);
  await locker.choose('ada', 'gru\u0308n ist es');
  expect(await locker.accounts.check('ada', 'gr\u00fcn ist es')).toBeDefined();
});

test('names hold nothing that a log or a page would be rearranged by', async () => {
  for (const name of ['a\u0000b', 'a\u001b[31m', 'a\u202eb', 'a\u2028b', 'a\ud800b', 'x'.repeat(65)])
    expect([name, (await locker.login(name, 'everybody')).statusCode]).toEqual([name, 400]);
  expect((await locker.login('Ünïcödé 👩‍🚀', 'everybody')).statusCode).toBe(200);
});

test('passwords take turns, and a queue that is too long takes nobody else', async () => {
  let open = (): void => undefined;
  const opened = new Promise<void>((done) => {
    open = done;
  });
  let most = 0;
  let running = 0;
  const all = Array.from({ length: 502 }, () =>
    inTurn(async () => {
      most = Math.max(most, ++running);
      await opened;
      running--;
    }),
  );
  await expect(inTurn(async () => undefined)).rejects.toMatchObject({ statusCode: 503 });
  open();
  await Promise.all(all);
  expect([most, running]).toEqual([2, 0]);
  expect(await inTurn(async () => 'again')).toBe('again');
});

describe('the form for files', () => {
  /** Sends a body that does not end by itself. @returns how much was sent when the answer came, and its status */
  async function pour(head: Headers, piece: (n: number) => string, most: number) {
    const address = await locker.app.listen({ port: 0, host: '127.0.0.1' });
    const headers = {
      accept: 'application/json',
      'content-type': 'multipart/form-data; boundary=B',
      'transfer-encoding': 'chunked',
      ...head,
    };
    const asked = request(`${address}/files`, { method: 'POST', headers });
    asked.on('error', () => undefined);
    const answer = new Promise<number | undefined>((done) =>
      asked.on('response', ({ statusCode }) => done(statusCode)),
    );
    let status: number | undefined;
    void answer.then((got) => (status = got));
    let sent = 0;
    for (; sent < most && status === undefined; sent++) {
      if (!asked.write(piece(sent)))
        await Promise.race([new Promise((done) => asked.once('drain', done)), answer]);
      await new Promise((done) => setImmediate(done));
    }
    status = await answer;
    asked.destroy();
    return { sent, status };
  }

  const field = (n: number) =>
    `--B\r\nContent-Disposition: form-data; name="f${n}"\r\n\r\n${'A'.repeat(100_000)}\r\n`;

  test('of a stranger is not read', async () => {
    const memory = process.memoryUsage().rss;
    const { status } = await pour({}, field, 5000);
    expect(status).toBe(401);
    expect(process.memoryUsage().rss - memory).toBeLessThan(200 * 2 ** 20);
  });

  test('of somebody signed in may have a few short fields', async () => {
    const cookie = cookiesOf(await locker.login('ada', 'everybody'));
    const { status } = await pour({ cookie }, field, 5000);
    expect([403, 413]).toContain(status);
  });

  test('with a bad token in its header is not read', async () => {
    const cookie = cookiesOf(await locker.login('ada', 'everybody'));
    const { status } = await pour({ cookie, 'x-csrf-token': 'bad' }, field, 5000);
    expect(status).toBe(403);
  });
});

test('forms are short', async () => {
  for (const payload of [{ username: 'x'.repeat(20_000) }, { other: ['x'.repeat(20_000)] }])
    expect((await locker.app.inject({ url: '/api/token', method: 'POST', payload })).statusCode).toBe(413);
});
