// What a link may allow beside its URL: parameters that others add, and all that lies in a folder.
import { describe, expect, test } from 'vitest';
import type { SignLinkOptions } from '../../src/links/links.js';
import { testKeyturn } from '../support/keyturn.js';

const keyturn = await testKeyturn();
const links = keyturn.links();
const accepts = (url: string, signer = links) => signer.verify({ method: 'GET', url }).ok;
const invalid = expect.objectContaining({ code: 'link_invalid' });

describe('parameters that may be added', () => {
  const url = links.sign('/offers/7?id=1', { mayAdd: ['utm_*', 'fbclid'] });

  test('are taken anywhere in the query, any number of times, and only those', () => {
    const sig = new URL(url, 'http://x').searchParams.get('sig');
    for (const added of ['utm_source=mail', 'utm_source=a&utm_source=b&fbclid=x%20y', 'fbclid']) {
      expect(accepts(`${url}&${added}`), added).toBe(true);
      expect(accepts(`/offers/7?${added}&id=1&sig=${sig}`), added).toBe(true);
    }
    for (const added of ['gclid=1', 'utm=1', 'fbclid2=1', 'id=1', 'utm_a[b]=1', 'utm_a.b=1', 'sig=1'])
      expect(accepts(`${url}&${added}`), added).toBe(false);
    expect(accepts(url.replace('id=1', 'id=2'))).toBe(false);
  });

  test('do not smuggle in others', () => {
    for (const added of ['utm_a=1;id=2', 'utm_a=1?id=2', 'utm_a;id=2', 'utm_a%00=1'])
      expect(accepts(`${url}&${added}`), added).toBe(false);
  });

  test('are bound beside a nested one that some readers put into the same value', () => {
    for (const name of ['utm_a[x]', 'utm_a%5Bx%5D', 'utm_a[]', 'utm_a.x', '[utm_a]', 'utm_a[x][y]']) {
      const nested = links.sign(`/o?${name}=1`, { mayAdd: ['utm_*'] });
      expect(accepts(nested), name).toBe(true);
      expect(accepts(`${nested}&utm_a=evil`), name).toBe(false);
      expect(accepts(nested.replace('?', '?utm_a=evil&')), name).toBe(false);
      expect(accepts(`${nested}&utm_b=fine`), name).toBe(true);
    }
    const both = links.sign('/o?utm_a[x]=1&utm_a=2', { mayAdd: ['utm_*'] });
    expect(accepts(both)).toBe(true);
    expect(accepts(both.replace('utm_a=2', 'utm_a=3'))).toBe(false);
    expect(accepts(`${links.sign('/o?utm_a=1', { mayAdd: ['utm_*'] })}&utm_a[x]=2`)).toBe(false);
  });

  test('are named by whoever signs: nobody can add a name, and links without them stay as they are', () => {
    expect(links.sign('/a')).toMatch(/sig=[^&]{95}$/);
    expect(accepts(`${links.sign('/a')}&utm_source=x`)).toBe(false);
    const other = new URL(links.sign('/a', { mayAdd: ['utm_*'] }), 'http://x').searchParams.get(
      'sig',
    ) as string;
    const plain = new URL(links.sign('/a'), 'http://x').searchParams.get('sig') as string;
    const parts = plain.split('.');
    parts[3] = other.split('.')[3] as string;
    expect(accepts(`/a?utm_source=x&sig=${parts.join('.')}`)).toBe(false);
  });

  test('may stand in the URL that is signed, and are not bound there either', () => {
    const mailed = links.sign('/offers?utm_source=mail&id=1', { mayAdd: ['utm_*'] });
    expect(accepts(mailed)).toBe(true);
    expect(accepts(mailed.replace('utm_source=mail&', ''))).toBe(true);
  });

  test('that are no names are refused', () => {
    for (const mayAdd of [
      ['*'],
      ['sig'],
      ['a b'],
      ['a.b'],
      [''],
      ['utm_**'],
      [1],
      'utm_*',
      Array(21).fill('a'),
    ])
      expect(() => links.sign('/a', { mayAdd } as SignLinkOptions)).toThrow(invalid);
  });
});

describe('a link to a folder', () => {
  const url = links.sign('/videos/42/?quality=high', { folder: true });
  const query = url.slice(url.indexOf('?'));

  test('is good for what lies in it, at any depth', () => {
    for (const path of ['', 'index.m3u8', 'high/segment-1.ts', 'K%C3%B6ln.ts'])
      expect(accepts(`/videos/42/${path}${query}`), path).toBe(true);
  });

  test('and for nothing else', () => {
    for (const path of ['/videos/42', '/videos/43/a', '/videos/4', '/videos/', '/videos/42x/a', '/'])
      expect(accepts(`${path}${query}`), path).toBe(false);
    expect(accepts(`/videos/42/a${query.replace('high', 'low')}`)).toBe(false);
    expect(links.verify({ method: 'PUT', url: `/videos/42/a${query}` }).ok).toBe(false);
  });

  test('has no way out of it, however a server reads the path', () => {
    const outs = [
      '../43/a',
      '%2e%2e/43/a',
      '..%2f43',
      '..%5C43',
      'a/../../43',
      '..;/43',
      'a;x=1',
      '..%3B/43/x',
      '..%3b/43/x',
      '..%3F',
      '..%3f/43',
      '..%23',
      'a%3Bx=1',
      '%252e%252e/43',
      '/a',
      'a//b',
      '%00',
    ];
    for (const out of outs) expect(accepts(`/videos/42/${out}${query}`), out).toBe(false);
  });

  test('is not a link to the folder alone, nor the reverse', () => {
    const alone = links.sign('/videos/42/');
    expect(accepts(alone)).toBe(true);
    expect(accepts(`/videos/42/a${alone.slice(alone.indexOf('?'))}`)).toBe(false);
  });

  test('goes with a base that a proxy takes away, with parameters that may be added, and with a bond', () => {
    const signer = keyturn.links({ base: 'https://example.com/app', stripped: true });
    const signed = signer.sign('https://example.com/app/v/1/', {
      folder: true,
      mayAdd: ['fbclid'],
      bind: 'ada',
    });
    const search = signed.slice(signed.indexOf('?'));
    const request = { method: 'HEAD', url: `/v/1/a/b.ts${search}&fbclid=1` };
    expect(signer.verify(request, { bind: 'ada' }).ok).toBe(true);
    expect(signer.verify(request, { bind: 'grace' }).ok).toBe(false);
    expect(signer.verify(request).ok).toBe(false);
  });

  test('that does not end with a slash, or is everything, is refused', () => {
    for (const path of ['/videos/42', '/', 'https://example.com'])
      expect(() => links.sign(path, { folder: true })).toThrow(invalid);
  });
});
