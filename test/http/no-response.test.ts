// A handler that returns what its framework would take by itself is told what Keyturn needs.
import { expect, test } from 'vitest';
import keyturnWeb from '../../src/adapters/web/index.js';
import { testKeyturn } from '../support/keyturn.js';

test.each([[{ ok: true }], ['text'], [undefined], [null]])('%o is no response', async (answer) => {
  const kt = keyturnWeb({ keyturn: await testKeyturn() });
  const refused = { code: 'argument_invalid', hint: expect.stringContaining('Response.json(value)') };
  const request = new Request('https://app.example/');
  await expect(kt.handle(request, () => answer as never)).rejects.toMatchObject(refused);
  const visit = await kt.open(request);
  await expect(visit.commit(answer as never)).rejects.toMatchObject(refused);
});
