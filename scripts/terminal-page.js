// What a terminal shows, as a page: its text, with the few styles that Keyturn uses.

/** Those of src/cli/ui.ts, by the number that begins them. */
const STYLES = { 1: 'bold', 2: 'dim', 31: 'red', 32: 'green', 33: 'yellow' };
const COLUMNS = 80;
const ROWS = 24;

const COLOURS = {
  light: {
    paper: '#fbfaf8',
    bar: '#e9e6e0',
    ink: '#1b1d1f',
    red: '#b3261e',
    green: '#0b7064',
    yellow: '#8a5300',
  },
  dark: {
    paper: '#16181a',
    bar: '#26292d',
    ink: '#e9e8e5',
    red: '#ff8a80',
    green: '#5cc9b7',
    yellow: '#eab35a',
  },
};

/** @param text with the sequences that a terminal gets */
export function terminalPage(command, text, scheme) {
  const { paper, bar, ink, red, green, yellow } = COLOURS[scheme];
  const lines = `$ ${command}\n${text}`.replace(/\n+$/, '').split('\n').slice(0, ROWS);
  return `<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: ${paper}; }
main { display: inline-block; padding: 0; background: ${paper}; color: ${ink}; }
header { height: 28px; background: ${bar}; font: 13px/28px system-ui, sans-serif; text-align: center; }
pre { margin: 0; padding: 14px 18px; width: ${COLUMNS}ch; height: ${ROWS}lh; font: 15px/1.4 "DejaVu Sans Mono", monospace; }
.bold { font-weight: 700; } .dim { opacity: .65; }
.red { color: ${red}; } .green { color: ${green}; } .yellow { color: ${yellow}; }
</style><main><header>${COLUMNS} × ${ROWS}</header><pre>${lines.map(withStyles).join('\n')}</pre></main>`;
}

function withStyles(line) {
  let open = 0;
  const parts = line.split(/\u001b\[(\d+)m/).map((part, at) => {
    if (at % 2 === 0) return part.replace(/[&<]/g, (found) => (found === '&' ? '&amp;' : '&lt;'));
    const style = STYLES[part];
    if (style !== undefined) open++;
    else if (open > 0) open--;
    else return '';
    return style === undefined ? '</span>' : `<span class="${style}">`;
  });
  return parts.join('') + '</span>'.repeat(open);
}
