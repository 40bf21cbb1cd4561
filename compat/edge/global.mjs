// Everything in the global scope, where workerd has no random values, no timers and no time.
import keyturn from 'keyturn/edge';

const kt = keyturn();
const reset = (await kt.ready()).signer('password-reset', { maxAge: '3h' });

export default {
  fetch: () => Response.json(reset.verify(reset.sign({ user: 42 }))),
};
