// @ts-check
// Goes through the cases of a contract, one after the other.

/** @import { HttpContractCase } from '../../src/testing/index.js' */

/**
 * @typedef {object} Outcome
 * @property {number} passed
 * @property {{ name: string, error: unknown }[]} failed
 * @property {Record<string, number>} skipped how many for each reason
 */

/**
 * @param {readonly HttpContractCase[]} cases
 * @returns {Promise<Outcome>}
 */
export async function runContract(cases) {
  /** @type {Outcome} */
  const outcome = { passed: 0, failed: [], skipped: {} };
  for (const { name, skipped, run } of cases) {
    if (skipped !== undefined) {
      outcome.skipped[skipped] = (outcome.skipped[skipped] ?? 0) + 1;
      continue;
    }
    try {
      await run();
      outcome.passed++;
    } catch (error) {
      outcome.failed.push({ name, error });
    }
  }
  return outcome;
}

/**
 * @param {string} name
 * @param {Outcome} outcome
 */
export function summary(name, { passed, failed, skipped }) {
  const reasons = Object.entries(skipped);
  const count = reasons.reduce((sum, [, times]) => sum + times, 0);
  const why = count === 0 ? '' : ` (${reasons.map(([reason, times]) => `${times}: ${reason}`).join('; ')})`;
  const lines = failed.map(({ name, error }) => `  ✗ ${name}\n${textOf(error).replace(/^/gm, '      ')}`);
  return [`${name}: ${passed} passed, ${failed.length} failed, ${count} skipped${why}`, ...lines].join('\n');
}

/** @param {unknown} error */
function textOf(error) {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
