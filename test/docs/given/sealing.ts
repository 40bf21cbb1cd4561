import { createKeyturn } from 'keyturn';

export const kt = await createKeyturn();
export const user = { id: '42' };
