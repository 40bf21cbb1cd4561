// The shorter form of scripts/proof-turn.js: twenty processes at a period's end, on each engine.
import { expect, inject, test } from 'vitest';
import { runProof } from './run.js';

test('twenty processes that race at the end of a period make one key, in a file, Redis and PostgreSQL', async () => {
  const engines = ['--redis', inject('redisUrl'), '--postgres', inject('postgresUrl')];
  const { code, output } = await runProof('proof-turn.js', '--rounds', '5', ...engines);
  for (const engine of ['file', 'redis', 'postgres'])
    expect(output).toMatch(new RegExp(`\\n${engine} +5 +5 +0 +0 `));
  expect(code).toBe(0);
});
