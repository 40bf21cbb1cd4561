/** Packages that run tests and set no variable: known by the file that was started. */
export const RUNNER_PACKAGES: readonly string[] = [
  'mocha',
  'jasmine',
  'ava',
  'tap',
  'tape',
  'uvu',
  'vitest',
  'jest',
  'jest-cli',
  '@jest/core',
  '@cucumber/cucumber',
  '@playwright/test',
  'cypress',
];
