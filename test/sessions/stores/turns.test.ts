// One write after the other for each key, and which timers a process lives for.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Turns } from '../../../src/sessions/stores/turns.js';

const late = expect.objectContaining({ code: 'ETIMEDOUT' });
const never = () => new Promise<never>(() => {});
let timers: NodeJS.Timeout[];

beforeEach(() => {
  timers = [];
  const { setTimeout: real } = globalThis;
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((...given: Parameters<typeof real>) => {
    const timer = real(...given);
    timers.push(timer);
    return timer;
  }) as never);
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const timer of timers) clearTimeout(timer);
});

test('a process lives until what it waits for is answered, or late', async () => {
  const read = new Turns(20).read(never());
  expect(timers.map((timer) => timer.hasRef())).toEqual([true]);
  await expect(read).rejects.toEqual(late);
});

test('for a write that comes to pass after all, if ever, it does not', async () => {
  const turns = new Turns(20);
  await expect(turns.take('key', () => turns.write('key', never()))).rejects.toEqual(late);
  const [inTime, ...behind] = timers.map((timer) => timer.hasRef());
  expect([inTime, behind]).toEqual([expect.any(Boolean), [false, false]]);
});

test('an answer in time leaves no timer, and what is answered with an error is that error', async () => {
  const cleared = vi.spyOn(globalThis, 'clearTimeout');
  const turns = new Turns(60_000);
  expect(await turns.read(Promise.resolve(5))).toBe(5);
  await turns.write('key', Promise.resolve());
  const error = new Error('refused');
  await expect(turns.read(Promise.reject(error))).rejects.toBe(error);
  await expect(turns.write('key', Promise.reject(error))).rejects.toBe(error);
  expect(cleared.mock.calls.map(([timer]) => timer)).toEqual(timers);
});

test('after a write that is late the key stays taken until it has come to pass, others do not', async () => {
  const turns = new Turns(20);
  let answer = () => {};
  const slow = new Promise<void>((done) => {
    answer = done;
  });
  const order: string[] = [];
  await expect(turns.take('key', () => turns.write('key', slow))).rejects.toEqual(late);
  const next = turns.take('key', async () => void order.push('next'));
  await turns.take('other', async () => void order.push('other'));
  expect(order).toEqual(['other']);
  answer();
  await next;
  expect(order).toEqual(['other', 'next']);
});

test('who waits for one that is never answered is told so', async () => {
  const turns = new Turns(20);
  await expect(turns.take('key', () => turns.write('key', never()))).rejects.toEqual(late);
  const work = vi.fn();
  await expect(turns.take('key', work)).rejects.toEqual(late);
  expect(work).not.toHaveBeenCalled();
});

test('whatever became of the one before, the next gets its turn', async () => {
  const turns = new Turns(1000);
  const order: number[] = [];
  const one = turns.take('key', async () => {
    await Promise.resolve();
    order.push(1);
    throw new Error('one');
  });
  const two = turns.take('key', async () => order.push(2));
  await expect(one).rejects.toThrow('one');
  expect(await two).toBe(2);
  expect(order).toEqual([1, 2]);
});
