import { createKeyturn } from 'keyturn';
import { createJwt } from 'keyturn/jwt';
import { memoryStore } from 'keyturn/stores/memory';

export const keyturn = await createKeyturn();
export const store = memoryStore();
export const token = '…';
export const jwt = createJwt<{ sub: string }>(keyturn, {
  issuer: 'https://a.example',
  audience: 'https://b.example',
});
