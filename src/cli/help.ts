// The help texts: the overview and that of each command.
import { COMMON_OPTIONS, type Command, type Option } from './command.js';
import { SUMMARIES } from './commands.js';
import { columns } from './words/layout.js';

export function overview(): readonly string[] {
  return [
    'Usage: keyturn COMMAND [OPTIONS]',
    '',
    'One signing secret behind every token an app hands out, and rotation that logs nobody out.',
    '',
    'Commands:',
    ...columns(Object.entries(SUMMARIES)),
    '',
    'Options:',
    ...columns([...optionRows(COMMON_OPTIONS), ['    --version', 'print the version']]),
    '',
    'keyturn help COMMAND tells more.',
    'Exit code: 0 fine, or done already; 1 findings or refused; 2 wrong usage; 3 not yet safe.',
  ];
}

export function commandHelp(name: string, command: Command): readonly string[] {
  return [
    `Usage: keyturn ${name} ${command.usage}`.trimEnd(),
    '',
    ...command.about,
    '',
    'Options:',
    ...columns(optionRows([...command.options, ...COMMON_OPTIONS])),
  ];
}

function optionRows(options: readonly Option[]): [string, string][] {
  return options.map(({ name, short, value, about }) => [
    `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
    about,
  ]);
}
