// The contract of tables of shared rings, on every engine.
import { describe } from 'vitest';
import { TABLE_ENGINES } from './engines.js';
import { ringTableContract } from './table-contract.js';

describe.each(TABLE_ENGINES)('the contract of tables of shared rings, $name', (engine) => {
  ringTableContract(engine);
});
