// Guessing passwords: how many wrong ones are looked at, counted by what, and what is answered then.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LockerWithin } from './within.js';

let locker: LockerWithin;
beforeEach(async () => {
  locker = await LockerWithin.build();
});
afterEach(() => locker.close());

describe('guessing', () => {
  /** What a check says, without the tenth of a second that it takes. */
  const cheaply = () => {
    locker.accounts.check = async (_user: string, given: string) => {
      await new Promise((done) => setImmediate(done));
      return given === 'everybody' || given === 'her new one' ? 1e15 : undefined;
    };
  };
  beforeEach(cheaply);

  test('at one account ends after a few, wherever it comes from and by whichever route, until a new password', async () => {
    const guess = (n: number) =>
      n % 2 === 0
        ? locker.login('ada', `guess ${n}`, { remoteAddress: `192.0.2.${n}` })
        : locker.token('ada', `guess ${n}`, { 'x-forwarded-for': `192.0.2.${n}` });
    const answers = [];
    for (let n = 0; n < 12; n++) answers.push(await guess(n));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([...Array(10).fill(401), 429, 429]);
    expect(Number(answers[11]?.headers['retry-after'])).toBeGreaterThan(600);
    expect(answers[11]?.json()).toEqual({ error: 'Too many wrong passwords' });
    // The right one is not looked at either, or it would show by being let in.
    expect((await locker.login('ada', 'everybody')).statusCode).toBe(429);
    const page = await locker.login('ada', 'guess', { headers: { accept: 'text/html' } });
    expect([page.statusCode, page.headers['content-type']]).toEqual([429, 'text/html; charset=utf-8']);
    expect(page.body).toContain('<h1>Too many wrong passwords</h1>');
    expect(page.body).toContain('Please wait 15 minutes');
    // As for a name that nobody has: whether there is such an account does not show.
    for (let n = 0; n < 10; n++)
      await locker.login('nobody', `guess ${n}`, { remoteAddress: `192.0.2.${n + 100}` });
    expect((await locker.login('nobody', 'guess')).statusCode).toBe(429);
    await locker.choose('ada', 'her new one');
    expect((await locker.login('ada', 'her new one')).statusCode).toBe(200);
  });

  test('at many accounts from one address ends too; right passwords are not counted', async () => {
    for (let n = 0; n < 40; n++) expect((await locker.token(`user ${n}`, 'everybody')).statusCode).toBe(200);
    const statuses = [];
    // Whoever is no trusted proxy may say what they like of where they come from.
    for (let n = 0; n < 32; n++)
      statuses.push(
        (await locker.token(`user ${n}`, 'wrong', { 'x-forwarded-for': `192.0.2.${n}` })).statusCode,
      );
    expect(statuses).toEqual([...Array(30).fill(401), 429, 429]);
    expect((await locker.login('grace', 'everybody', { remoteAddress: '192.0.2.7' })).statusCode).toBe(200);
  });

  test('all at once gains next to nothing', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => locker.token('ada', 'wrong')));
    const looked = answers.filter(({ statusCode }) => statusCode === 401).length;
    // Two are looked at at a time.
    expect(looked).toBeGreaterThanOrEqual(10);
    expect(looked).toBeLessThanOrEqual(11);
  });

  test('behind a trusted proxy is counted by what the proxy says', async () => {
    await locker.close();
    locker = await LockerWithin.build('cookie', { trustedProxies: ['127.0.0.0/8'] });
    cheaply();
    for (let n = 0; n < 31; n++)
      await locker.token(`user ${n}`, 'wrong', { 'x-forwarded-for': 'spoofed, 192.0.2.1' });
    expect((await locker.token('ada', 'everybody', { 'x-forwarded-for': '192.0.2.1' })).statusCode).toBe(429);
    expect((await locker.token('ada', 'everybody', { 'x-forwarded-for': '192.0.2.2' })).statusCode).toBe(200);
  });
});
