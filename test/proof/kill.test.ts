// The shorter form of scripts/proof-kill.js: a writing command killed at random instants.
import { expect, test } from 'vitest';
import { runProof } from './run.js';

test('a writing command killed at any instant leaves the old file or the new, whole', async () => {
  const { code, output } = await runProof('proof-kill.js', '--times', '40');
  expect(output).toMatch(/\nfailures +0\n/);
  expect(output).toMatch(/\nkills +40\n/);
  // Both are seen, or the kills came all too early or too late.
  expect(output).toMatch(/the old file is there +[1-9]/);
  expect(output).toMatch(/the new file is there +[1-9]/);
  expect(code).toBe(0);
}, 180_000);
