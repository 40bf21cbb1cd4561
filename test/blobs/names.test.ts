// Names that would lead out of the folder, deceive or break something: each ends in a 4xx and touches nothing.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isBlobName } from '../../src/blobs/index.js';
import { decodeName, encodeName, isInFolder } from '../../src/blobs/names.js';
import { newServer } from './support.js';

// biome-ignore format: a list
const UPS = [
  '..', '../', '../..', '../x', 'a/../../x', 'a/..', './x', '.', 'a/./b', '/etc/passwd', '//x', 'a//b',
  'a/',
];
const BACKSLASHES = ['..\\x', 'a\\..\\..\\x', 'C:\\x', 'C:x', '\\\\host\\share\\x', 'a\\b', '/\\x', '\\'];
// biome-ignore format: a list
const RESERVED = [
  'con', 'CON', 'prn', 'aux', 'nul', 'NUL.txt', 'nul.tar.gz', 'a/nul/b', 'conin$', 'CONOUT$', 'com1',
  'COM9.log', 'lpt1', 'lpt0', 'com¹', 'LPT³.x', 'aux.', 'a/con',
];
const ENDS = ['a.', 'a ', ' a', 'a./b', 'a /b', '...', ' ', '. .', '\u00a0', '\u3000a', '....', '.. '];
const SIGNS = ['a:b', 'a*', 'a?', 'a"b', '<a>', 'a|b', 'file:stream', 'a::$DATA', '??'];
const CONTROLS = [...Array(32).keys(), 0x7f, 0x85, 0x9f].map((code) => `a${String.fromCharCode(code)}b`);
const MARKS = [0x61c, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202d, 0x202e, 0x2060, 0x2066]
  .concat([0x2067, 0x2068, 0x2069, 0xfeff, 0xfff9, 0xfffe, 0xffff])
  .map((code) => `photo${String.fromCharCode(code)}gnp.exe`);
const LENGTHS = ['a'.repeat(1025), 'a'.repeat(4096), 'ü'.repeat(600), '😀'.repeat(300), 'a/'.repeat(2048)];
const BAD = ['', '\ud800', 'a\udc00', '\0', '../\0', '\ud800/..'];
// biome-ignore format: a list
const ENCODED = [
  '..%2f', '..%2Fetc', '%2e%2e', '%2e%2e%2fx', '.%2e/x', 'a%2f..%2fx', '..%5c', '..%255c', '..%25252f',
  '%252e%252e', '%00', 'a%00.png', 'a%0d%0ab', '%2f', '%5c', '..%c0%af', '%c0%ae%c0%ae', '%ff', 'a%80',
  '%uff0e%uff0e', 'a%u2215b', '%E2%80%AEgnp.exe', 'a%E2%80%8F', '%EF%BB%BFa', '%ED%A0%80', 'nul%2etxt',
  '%63on', 'a%20', 'a%2e', '..;/x', '..;a=b', ';', '.;a',
];
// biome-ignore format: a list
const FOLDED = [
  '\uff0e\uff0e', '..\uff0fx', 'a/\uff0e\uff0e/x', '\u2025/x', 'a\uff0f..\uff0fx', '\uff0e.\uff3cx',
  '\u2024\u2024/x', '\uff4e\uff55\uff4c', 'a/\uff23\uff2f\uff2d\uff11', '\uff2e\uff35\uff2c.txt',
  '..\ufe68x', '.\ufe52/x',
];
// biome-ignore format: a list
const NAMES = [
  ...FOLDED, ...ENCODED, ...UPS, ...BACKSLASHES, ...RESERVED, ...ENDS, ...SIGNS, ...CONTROLS, ...MARKS,
  ...LENGTHS, ...BAD,
];

/** Paths as an attacker writes them, whatever a name may be. */
// biome-ignore format: a list
const PATHS = [
  '%2e%2e', '..%2f', '..%2f..%2fetc%2fpasswd', '%2e%2e%2f', '%2e%2e/', '..%5c', '..%255c', '..%252f',
  '%252e%252e%252f', '..%c0%af', '%c0%ae%c0%ae%c0%af', '..%e0%80%af', '..%ef%bc%8f', '%uff0e%uff0e',
  '..%u2215', '.%00./', '%00', 'a%00.png', '..;/x', '..;a=b/x', './.;/x', '%2e%2e;/', '....//x', '..././x',
  '.%2e/x', '%2e./x', 'a%2f..%2f..%2fx', 'a/%2e%2e/%2e%2e/x', '%5c..%5c', '%2f', '%2fetc', '//etc/passwd',
  '%ff', '%80', '%zz', '%', '%2', '%u0041', '~root/x%2f..', 'x%0d%0aset-cookie:a=b', '%E2%80%AE',
  '%EF%BB%BF', '%ED%A0%80', '%61'.repeat(1500), `${'../'.repeat(300)}etc/passwd`,
  `${'..%2f'.repeat(300)}x`,
];

test('there are 200 of them', () => {
  expect(new Set([...NAMES, ...PATHS]).size).toBeGreaterThan(200);
});

test('hostile names are none: nothing is put, got, deleted or linked', async () => {
  const { store, tree, outside } = await newServer();
  writeFileSync(join(outside, 'x'), 'mine');
  const before = tree();
  for (const name of NAMES) {
    expect([name, isBlobName(name)]).toEqual([name, false]);
    const invalid = expect.objectContaining({ code: 'blob_name_invalid', statusCode: 400 });
    await expect(store.put(name, Buffer.from('x'), { overwrite: true })).rejects.toEqual(invalid);
    expect(() => store.signedUrl(name)).toThrow(invalid);
    expect(await store.get(name)).toBeUndefined();
    expect(await store.delete(name)).toBe(false);
  }
  for (const name of [undefined, null, 7, {}, ['a']]) expect(isBlobName(name)).toBe(false);
  expect(tree()).toEqual(before);
});

test('as paths they end in a 4xx, unsigned and behind a good signature', async () => {
  const { ask, store, keyturn, tree, outside } = await newServer();
  writeFileSync(join(outside, 'x'), 'mine');
  await store.put('a', Buffer.from('1'));
  const before = tree();
  const links = keyturn.links();
  const paths = [
    ...PATHS,
    ...NAMES.filter((name) => name.isWellFormed()).map((name) =>
      name.split('/').map(encodeURIComponent).join('/'),
    ),
    ...NAMES.filter((name) => name.isWellFormed()).map(encodeURIComponent),
  ];
  let signed = 0;
  for (const path of paths) {
    for (const method of ['GET', 'PUT']) {
      const requests = [`/blobs/${path}`];
      try {
        const link = links.sign(`/blobs/${path}`, { method });
        // Dot segments are resolved in signing, as clients do; what is asked for has them still.
        requests.push(`/blobs/${path}${link.slice(link.indexOf('?'))}`);
        signed++;
      } catch {
        // Not even a URL.
      }
      for (const request of requests) {
        const { status } = await ask(request, method === 'PUT' ? { method, body: 'evil' } : {});
        expect([request, method, status >= 400 && status < 500]).toEqual([request, method, true]);
      }
    }
  }
  expect(signed).toBeGreaterThan(300);
  expect(tree()).toEqual(before);
});

test('names that people give are taken, however they look', async () => {
  const { store, ask, tree } = await newServer();
  // biome-ignore format: a list
  const names = [
    'a', 'report.pdf', 'März 2026.pdf', 'Ma\u0308rz 2026.pdf', '日本語/文書.txt', 'なぜ？／どうして….txt', 'つづく…',
    'ملف.txt', '👩‍👩‍👧.png', '.htaccess', '.git/config', 'a..b', '..a', 'a/..b/c', "it's (1)!.txt", '100%',
    'my%20file', '%41', '%zz', 'a%', 'a+b', 'a&b=c#d;e', '@~$^`{}[]', 'con1', 'console', 'nul-and-void', 'com10',
    'A', 'a'.repeat(1024), `${'a/'.repeat(511)}a`, '__proto__', 'constructor',
  ];
  for (const name of names) {
    expect([name, isBlobName(name)]).toEqual([name, true]);
    await store.put(name, Buffer.from(name));
    expect((await ask(store.signedUrl(name))).body.toString()).toBe(name);
  }
  expect(tree()).toHaveLength(names.length + 1);
  for (const file of tree().slice(1)) expect(file).toMatch(/^blobs.[0-9a-f]{64}\.blob$/);
});

test('any text is a name or none, and a name comes back from its path', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());
  fc.assert(
    fc.property(text, (name) => {
      if (isBlobName(name)) expect(decodeName(encodeName(name))).toBe(name);
      decodeName(name);
    }),
    { numRuns: 2000 },
  );
});

test('an encoded slash is part of no name, and a slash separates', () => {
  expect(decodeName('a/b%20c')).toBe('a/b c');
  for (const path of ['a%2Fb', 'a%2fb', 'x/a%2Fb', '%2Fa', 'a%2F'])
    expect([path, decodeName(path)]).toEqual([path, undefined]);
  for (const path of ['%', 'a%E0%A4%A', 'a//b', ''])
    expect([path, decodeName(path)]).toEqual([path, undefined]);
  expect(encodeName('a b/c?d')).toBe('a%20b/c%3Fd');
});

test('lengths count bytes, and decoding once more ends somewhere', () => {
  expect([isBlobName('ü'.repeat(512)), isBlobName(`${'ü'.repeat(512)}a`)]).toEqual([true, false]);
  const encoded = (times: number) => `a%${'25'.repeat(times)}41`;
  expect([isBlobName(encoded(3)), isBlobName(encoded(4)), isBlobName(encoded(40))]).toEqual([
    true,
    false,
    false,
  ]);
});

test('what follows a folder is nothing or a name, and no way out of it', () => {
  for (const rest of ['', 'a', 'a/b', 'a%20b', '100%25.txt'])
    expect([rest, isInFolder(rest)]).toEqual([rest, true]);
  for (const rest of [...PATHS.filter((path) => path !== ''), '/', 'a/', '%', 'a%2fb'])
    expect([rest, isInFolder(rest)]).toEqual([rest, false]);
});
