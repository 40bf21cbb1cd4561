// Stryker's runner for vitest, with three differences. It chooses the files of the tests that reach a mutant and not the
// tests: a mutant in the middle of everything is reached by hundreds, and vitest cannot compile their names joined into
// one regular expression. And an error that cannot be turned into text (vitest hands over objects without a prototype)
// is the end of a mutant, and not of the process. And a mutant is first shown to the tests of its own room, which catch
// most of them: what else reaches it is asked only when they have missed it.
import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core';
import { declareFactoryPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { DryRunStatus, MutantRunStatus } from '@stryker-mutator/api/test-runner';
import { VitestTestRunner } from './node_modules/@stryker-mutator/vitest-runner/dist/src/vitest-test-runner.js';

export { strykerValidationSchema } from '@stryker-mutator/vitest-runner';

const fileOf = (testId) => testId.slice(0, testId.indexOf('#'));
/** `sessions` of src/sessions/a.ts, and of test/sessions/b.test.ts. */
const roomOf = (file) => /^.*(?:src|test)\/([^/]+)\//.exec(file.replaceAll('\\', '/'))?.[1];

class RunnerOfFiles extends VitestTestRunner {
  async mutantRun({ testFilter = [], ...rest }) {
    const room = roomOf(rest.sandboxFileName);
    const near = testFilter.filter((id) => roomOf(fileOf(id)) === room);
    const far = testFilter.filter((id) => roomOf(fileOf(id)) !== room);
    const steps = [near, far].filter((ids) => ids.length > 0);
    let result = await super.mutantRun({ ...rest, testFilter: steps[0] ?? [] });
    for (const ids of steps.slice(1)) {
      if (result.status !== MutantRunStatus.Survived) break;
      result = await super.mutantRun({ ...rest, testFilter: ids });
    }
    return result;
  }

  async run({ testIds = [], ...rest } = {}) {
    const testFiles = [...new Set(testIds.map(fileOf))];
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
