// createKeyturn() itself in the global scope.
import { createKeyturn } from 'keyturn';

const kt = await createKeyturn();
const reset = kt.signer('password-reset', { maxAge: '3h' });

export default {
  fetch: () => Response.json(reset.verify(reset.sign({ user: 42 }))),
};
