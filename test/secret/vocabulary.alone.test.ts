// The package is not whole: what secrets are judged by cannot be read.
import { createHash } from 'node:crypto';
import { beforeEach, expect, test, vi } from 'vitest';
import { strongMaterial } from '../../src/rotation/strong-secret.js';
import type { Lists } from '../../src/secret/lists.js';
import { judge } from '../../src/secret/strength.js';
import { folderWith, refusalOn, resolveOn, SECRET, STRONG, startOn } from '../support/machine.js';

const disk: { lists: (() => unknown) | undefined; reads: number } = { lists: undefined, reads: 0 };
vi.mock('#lists', async () => {
  const { readLists } = await vi.importActual<{ readLists(): Lists }>('../../src/secret/lists.js');
  return {
    readLists: () => {
      disk.reads += 1;
      return disk.lists === undefined ? readLists() : disk.lists();
    },
  };
});

const missing = () => {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
};
/** Long enough, and nothing but words: only the lists tell. */
const WORDS = 'correct horse battery staple correct purple monkey';
const DIGEST = createHash('sha256').update('token').digest('hex');

beforeEach(() => {
  disk.reads = 0;
});

const INCOMPLETE: readonly (readonly [string, () => unknown])[] = [
  ['not there', missing],
  ['an empty module', () => ({})],
  ['without words', () => ({ words: [], passwords: ['a b'], published: ['AAAAB'] })],
  ['without published secrets', () => ({ words: ['a b'], passwords: ['a b'], published: [] })],
];

test.each(INCOMPLETE)('where the lists are %s production refuses the start', async (_, lists) => {
  disk.lists = lists;
  for (const secret of [STRONG, WORDS]) {
    const error = await refusalOn({ env: { KEYTURN_ENV: 'prod', [SECRET]: secret } });
    expect(error).toMatchObject({ code: 'package_incomplete', hint: expect.stringContaining('whole') });
  }
});

test('development warns, and says what is not recognised', async () => {
  disk.lists = missing;
  const { keyturn, log } = await startOn({ cwd: await folderWith({}), env: { KEYTURN_ENV: 'dev' } });
  await keyturn.close();
  const warned = log.filter(({ level }) => level === 'warn');
  expect(warned.map(({ facts }) => facts.code)).toEqual(['package_incomplete']);
  expect(warned[0]?.message).toContain('neither published secrets nor guessable text can be recognised');
});

test('no secret of anybody enters a ring meanwhile; once the lists are there they are read, and once only', async () => {
  disk.lists = missing;
  for (const secret of [STRONG, WORDS])
    expect(() => strongMaterial(secret)).toThrow(expect.objectContaining({ code: 'package_incomplete' }));
  // Judged without them first, so that nothing of it is kept.
  expect(judge(WORDS).enough).toBe(true);
  expect(judge(DIGEST).enough).toBe(true);
  disk.lists = undefined;
  disk.reads = 0;
  expect(judge(WORDS).enough).toBe(false);
  expect(judge(DIGEST).enough).toBe(false);
  expect(strongMaterial(STRONG).revealSecret()).toBe(STRONG);
  expect(() => strongMaterial(WORDS)).toThrow(expect.objectContaining({ code: 'secret_weak' }));
  expect(disk.reads).toBe(1);
  disk.lists = missing;
  const { problems } = await resolveOn({ env: { KEYTURN_ENV: 'prod', [SECRET]: STRONG } });
  expect(problems).toEqual([]);
});
