// An object that was made ready for many properties is the same object, with the same properties.
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { takeManyProperties } from '../../src/process/many-properties.js';

function request(): IncomingMessage {
  const made = Object.setPrototypeOf(new IncomingMessage(new Socket()), { app: 'one' });
  return Object.assign(made, { url: '/a', next: 1 });
}

function response(): ServerResponse {
  const made = new ServerResponse(new IncomingMessage(new Socket()));
  made.sendDate = false;
  return made;
}

const named = (object: object) =>
  new Map(Reflect.ownKeys(object).map((key) => [key, Object.getOwnPropertyDescriptor(object, key)]));
const enumerable = (object: object) => Object.keys(object).sort();

describe.each([true, false])('where it helps: %s', (helps) => {
  test('a request keeps what it has', () => {
    const [plain, ready] = [request(), request()];
    takeManyProperties(ready, 'url', helps);
    expect([...named(ready).keys()].sort(bySymbol)).toEqual([...named(plain).keys()].sort(bySymbol));
    expect(named(ready).get('url')).toEqual({
      value: '/a',
      writable: true,
      enumerable: true,
      configurable: true,
    });
    expect(enumerable(ready)).toEqual(enumerable(plain));
    expect(Object.getPrototypeOf(ready)).toEqual(Object.getPrototypeOf(plain));
  });

  test('a response keeps what it has', () => {
    const [plain, ready] = [response(), response()];
    takeManyProperties(ready, 'sendDate', helps);
    expect(enumerable(ready)).toEqual(enumerable(plain));
    expect(ready.sendDate).toBe(false);
  });

  test('what is not its own is not touched', () => {
    const object = Object.create({ url: '/a' }) as { url: string };
    takeManyProperties(object, 'url', helps);
    expect(Reflect.ownKeys(object)).toEqual([]);
  });
});

function bySymbol(one: string | symbol, other: string | symbol): number {
  return String(one) < String(other) ? -1 : 1;
}
