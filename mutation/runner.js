// Stryker's runner for vitest, with two differences. It chooses the files of the tests that reach a mutant and not the
// tests: a mutant in the middle of everything is reached by hundreds, and vitest cannot compile their names joined into
// one regular expression. And an error that cannot be turned into text (vitest hands over objects without a prototype)
// is the end of a mutant, and not of the process.
import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core';
import { declareFactoryPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { DryRunStatus } from '@stryker-mutator/api/test-runner';
import { VitestTestRunner } from './node_modules/@stryker-mutator/vitest-runner/dist/src/vitest-test-runner.js';

export { strykerValidationSchema } from '@stryker-mutator/vitest-runner';

class RunnerOfFiles extends VitestTestRunner {
  async run({ testIds = [], ...rest } = {}) {
    const testFiles = [...new Set(testIds.map((id) => id.slice(0, id.indexOf('#'))))];
    try {
      return await super.run(testFiles.length > 0 ? { ...rest, testFiles } : rest);
    } catch (error) {
      return { status: DryRunStatus.Error, errorMessage: `vitest: ${error?.stack}` };
    }
  }
}

function createRunner(injector) {
  const namespace = INSTRUMENTER_CONSTANTS.NAMESPACE;
  return injector.provideValue('globalNamespace', namespace).injectClass(RunnerOfFiles);
}
createRunner.inject = ['$injector'];

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'vitest-files', createRunner)];
