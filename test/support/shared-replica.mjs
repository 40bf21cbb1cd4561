// A process that shares a keyring, for tests that stop and kill it. It says what it is asked on standard output, one JSON
// value a line: whether it is ready, and what it makes of a token at the same moment.
import { createInterface } from 'node:readline';
import { createKeyturn } from '../../dist/index.js';

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const keyturn = await createKeyturn({ logger: silent });
const signer = keyturn.signer('invitation');
say({ health: keyturn.health });
for await (const line of createInterface({ input: process.stdin })) {
  const { ready } = keyturn.health;
  if (line === 'health') say({ health: keyturn.health });
  else if (line === 'sign') say({ ready, ...trySign() });
  else say({ ready, verified: signer.verify(line) });
}
await keyturn.close();

function trySign() {
  try {
    return { token: signer.sign('hello') };
  } catch (error) {
    return { refused: error.code };
  }
}
