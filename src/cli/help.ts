// The help texts: the overview and that of each command. They are prose, and so as wide as a usual terminal in a file too.
import { COMMON_OPTIONS, type Command, type Option } from './command.js';
import { SUMMARIES } from './commands.js';
import { broken, type Line } from './line.js';
import type { Drawn } from './ui.js';
import { columns, paragraphs } from './words/layout.js';

export function overview(): Drawn {
  return prose([
    'Usage: keyturn COMMAND [OPTIONS]',
    '',
    ...paragraphs([
      'One signing secret behind every token an app hands out, and rotation that logs nobody out.',
    ]),
    '',
    'Commands:',
    ...columns(Object.entries(SUMMARIES)),
    '',
    'Options:',
    ...columns([...optionRows(COMMON_OPTIONS), ['    --version', 'print the version']]),
    '',
    'keyturn help COMMAND tells more.',
    {
      first: 'Exit code: ',
      second: '0 fine, or done already; 1 findings or refused; 2 wrong usage; 3 not yet safe.',
    },
  ]);
}

export function commandHelp(name: string, command: Command): Drawn {
  return prose([
    { first: 'Usage: ', second: `keyturn ${name} ${command.usage}`.trimEnd() },
    '',
    ...paragraphs(command.about),
    '',
    'Options:',
    ...columns(optionRows([...command.options, ...COMMON_OPTIONS])),
  ]);
}

const USUAL_WIDTH = 80;
/** Longer lines are hard to read. */
const WIDEST = 100;

function prose(lines: readonly Line[]): Drawn {
  const isParagraph = (line: Line) => typeof line === 'object' && 'first' in line && line.first === '';
  return {
    // An option is a line there, for whoever looks for it.
    plain: lines.flatMap((line): readonly Line[] => (isParagraph(line) ? broken(line, USUAL_WIDTH) : [line])),
    onScreen: ({ width }) => lines.flatMap((line) => broken(line, Math.min(width, WIDEST))),
  };
}

function optionRows(options: readonly Option[]): [string, string][] {
  return options.map(({ name, short, value, about }) => [
    `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
    about,
  ]);
}
