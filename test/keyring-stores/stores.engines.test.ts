// The contract of keyrings' places: a file, Redis through both clients, and PostgreSQL.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { FileRingStore } from '../../src/keyring-stores/file.js';
import { SharedRingStore } from '../../src/keyring-stores/shared.js';
import { OLDER } from '../support/machine.js';
import { TABLE_ENGINES } from './engines.js';
import { ringStoreContract, type StoreEngine } from './store-contract.js';

const ROOTS = new Keyring([new Key(new Material(OLDER), 'active')]);

const file: StoreEngine = {
  name: 'a file',
  open: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyturn-test-'));
    const path = join(folder, 'keyring.json');
    return {
      locks: true,
      store: (lease = 60) => new FileRingStore(path, lease, Date.now),
      kept: async () => (existsSync(path) ? readFileSync(path, 'utf8') : ''),
      close: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
};

const shared: readonly StoreEngine[] = TABLE_ENGINES.map(({ name, open }) => ({
  name,
  open: async () => {
    const place = await open();
    let stores = 0;
    return {
      locks: false,
      store: (lease = 60) => {
        const table = stores++ % 2 === 0 ? place.table() : place.other();
        return new SharedRingStore({ table, roots: ROOTS, lease, now: Date.now });
      },
      kept: async () => JSON.stringify(await place.table().read()),
      close: () => place.close(),
    };
  },
}));

for (const engine of [file, ...shared]) describe(engine.name, () => ringStoreContract(engine));
