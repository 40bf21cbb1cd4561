// A process that uses Keyturn as an app does, for tests of the commands. It says what happens on standard output, one
// JSON value a line, and takes orders on standard input: "sign", or a token to verify.
import { createInterface } from 'node:readline';
import { createKeyturn } from '../../dist/index.js';

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const keyturn = await createKeyturn({ logger: silent });
const signer = keyturn.signer('invitation');
keyturn.on('change', () => say({ changed: keyturn.health }));
say({ ready: keyturn.health });
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'sign') say({ token: signer.sign('hello') });
  else say({ verified: signer.verify(line), at: Date.now() });
}
await keyturn.close();
