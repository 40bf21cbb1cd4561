import { createKeyturn } from 'keyturn';

// As the page says in TOML.
export const kt = await createKeyturn({ config: { purposes: { draft: { max_age: '2h', sealed: true } } } });
export const user = { id: '42' };
