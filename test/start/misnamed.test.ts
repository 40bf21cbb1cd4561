// A configuration file with a slip in its name is not read: the start and the doctor tell of it.
import { expect, test } from 'vitest';
import { misnamedConfigs } from '../../src/config/misnamed.js';
import { runDoctor } from '../../src/doctor/run.js';
import { folderWith, machine, STRONG, startOn } from '../support/machine.js';

const VARIABLE = 'KEYTURN_SECURITY__SIGNING_SECRET';

test.each([
  ['keyturn.prd.toml', 'did you mean keyturn.prod.toml?'],
  ['keyturn.proudction.toml', undefined],
  ['keyturn.staging.toml', undefined],
])('%s is told of at the start', async (name, hint) => {
  const cwd = await folderWith({ 'keyturn.toml': '', [name]: '[session]\nidle = "1d"' });
  const { log } = await startOn({ cwd, env: { KEYTURN_ENV: 'prod', [VARIABLE]: STRONG } });
  const all = 'the file of a profile is keyturn.dev.toml, keyturn.test.toml and keyturn.prod.toml';
  expect(log.filter(({ facts }) => facts.event === 'configuration.doubtful')).toEqual([
    {
      level: 'warn',
      facts: { event: 'configuration.doubtful', code: 'config_unknown_key', hint: hint ?? all },
      message: `${name} is never read`,
    },
  ]);
});

test('and by the doctor, also where no other file is there', async () => {
  const cwd = await folderWith({ 'keyturn.prd.toml': '' });
  const { checks } = await runDoctor(machine({ cwd, env: { KEYTURN_ENV: 'prod', [VARIABLE]: STRONG } }));
  expect(checks.find(({ name }) => name === 'configuration')).toMatchObject({
    status: 'warn',
    detail: expect.stringContaining('keyturn.prd.toml is never read'),
    hint: 'did you mean keyturn.prod.toml?',
  });
});

test('files of other profiles, examples and other programs are none', async () => {
  const cwd = await folderWith({
    'keyturn.toml': '',
    'keyturn.dev.toml': '',
    'keyturn.prod.toml': '',
    'keyturn.example.toml': '',
    'keyturn.toml.bak': '',
    'other.prd.toml': '',
  });
  expect(await misnamedConfigs(`${cwd}/keyturn.toml`)).toEqual([]);
  expect(await misnamedConfigs(`${cwd}/not-there/keyturn.toml`)).toEqual([]);
});
