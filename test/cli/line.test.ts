// Lines that are broken for a terminal, what is drawn in the place of what was there, and what is fitted into rows.
import { expect, test } from 'vitest';
import { arranged, type Section } from '../../src/cli/arrange.js';
import { COMMON_OPTIONS } from '../../src/cli/command.js';
import { LOADERS } from '../../src/cli/commands.js';
import { broken, columnsOf, cut, type Line, styled } from '../../src/cli/line.js';
import type { Output } from '../../src/cli/screen.js';
import { Ui } from '../../src/cli/ui.js';
import { bar } from '../../src/cli/words/bar.js';

function shown(line: Line, width: number): string[] {
  return broken(line, width).map(({ parts }) =>
    parts.map((part) => (typeof part === 'string' ? part : `<${part.text}>`)).join(''),
  );
}

test('lines are broken between words, and go on behind their beginning', () => {
  expect(shown('  one two three four', 12)).toEqual(['  one two', '    three', '    four']);
  expect(shown({ first: 'key  ', second: 'one two three four five six seven' }, 32)).toEqual([
    'key  one two three four five six',
    '     seven',
  ]);
  expect(shown(['one ', styled('dim', 'two three'), 'and four'], 12)).toEqual([
    'one <two>',
    '  <three>and',
    '  four',
  ]);
  expect(shown({ verbatim: 'one two three' }, 5)).toEqual(['one two three']);
});

test('a second column for which there is no room stands below', () => {
  expect(shown({ first: '  a-long-name-of-something  ', second: 'one two three four' }, 30)).toEqual([
    '  a-long-name-of-something',
    '      one two three four',
  ]);
});

test.each([
  'keyturn rotate --cwd /srv/app --env prod --wait',
  "keyturn import --env-file '/a b/.env' '/c d/keys.json'",
  'keyturn promote -- -x6TVsi0',
  'keyturn promote x6TVsiEM',
  'keyturn promote --ring -',
  'keyturn revoke KID --reason TEXT',
  'keyturn --help',
])('%s is one word', (command) => {
  for (let width = 10; width < 90; width++)
    expect(shown(`to go on with it there is ${command}; or wait`, width).join('\n')).toContain(command);
});

test('options with a value keep it, whichever command they are of', async () => {
  const commands = await Promise.all(Object.values(LOADERS).map((load) => load()));
  const options = [...COMMON_OPTIONS, ...commands.flatMap((command) => command.options)];
  for (const { name, value } of options) {
    if (value === undefined) continue;
    const command = `keyturn status --${name} va.lue`;
    expect(shown(`${'x '.repeat(30)}${command} and so on`, 40).join('\n')).toContain(command);
  }
});

test('widths are those of a terminal', () => {
  expect(columnsOf('abc')).toBe(3);
  expect(columnsOf('鍵は')).toBe(4);
  expect(columnsOf('e\u0301')).toBe(1);
  expect(columnsOf('✅')).toBe(2);
  expect(cut('abcdef', 4, '…')).toBe('abc…');
  expect(cut('鍵鍵鍵', 5, '…')).toBe('鍵鍵…');
  expect(cut('abc', 3, '…')).toBe('abc');
});

test('a bar shows more than nothing as more than nothing, and less than all as less than all', () => {
  expect(bar(0, 4, { unicode: false })).toBe('----');
  expect(bar(0.001, 4, { unicode: false })).toBe('#---');
  expect(bar(0.999, 4, { unicode: true })).toBe('███░');
  expect(bar(1, 4, { unicode: true })).toBe('████');
});

test('where there is little room, what is important is shown, and what is left out is said', () => {
  const items = (name: string) => Array.from({ length: 9 }, (_, index) => [`${name} ${index}`]);
  const sections: readonly Section[] = [
    { rank: 0, head: ['sentence'] },
    { rank: 2, head: ['keys'], items: items('key'), least: 2, more: (left) => `${left} more keys` },
    {
      rank: 3,
      head: ['replicas'],
      items: items('replica'),
      least: 1,
      more: (left) => `${left} more replicas`,
    },
    { rank: 4, head: [], items: [['source']] },
    { rank: 1, head: ['next'] },
  ];
  const rows = (room: number) => arranged(sections, 80, room).map(({ parts }) => parts.join(''));
  expect(rows(1)).toEqual(['sentence']);
  expect(rows(2)).toEqual(['sentence', 'next']);
  expect(rows(8)).toEqual([
    'sentence',
    'keys',
    'key 0',
    'key 1',
    '7 more keys',
    'replicas',
    '9 more replicas',
    'next',
  ]);
  expect(rows(Number.POSITIVE_INFINITY)).toHaveLength(2 + 10 + 10 + 1 + 4);
  for (let room = 1; room < 40; room++) expect(rows(room).length).toBeLessThanOrEqual(room);
});

/** A terminal that only counts: where the cursor is, and what has scrolled. */
function fakeTerminal(columns: number, rows: number) {
  const written: string[] = [];
  const listeners = new Set<() => void>();
  const size = { columns, rows };
  const stream: Output = {
    isTTY: true,
    get columns() {
      return size.columns;
    },
    get rows() {
      return size.rows;
    },
    write: (text) => written.push(text),
    on: (_, listener) => listeners.add(listener),
    off: (_, listener) => listeners.delete(listener),
  };
  const resize = (wide: number, high: number) => {
    Object.assign(size, { columns: wide, rows: high });
    for (const listener of listeners) listener();
  };
  return { stream, written, resize, listeners };
}

test('a picture takes the place of the one before, in the size that the terminal has by now', () => {
  const { stream, written, resize, listeners } = fakeTerminal(40, 6);
  const ui = new Ui(stream, stream, {});
  let heard = 0;
  const forget = ui.onResize(() => heard++);
  const lines = ['one two three four five six seven eight nine', ...'abcdefgh'];
  ui.redraw(...lines);
  expect(written[0]).toMatch(/^\u001b\[\?1049h\u001b\[\?25l\u001b\[H/);
  expect(written[0]?.split('\n')).toHaveLength(6);
  resize(80, 4);
  expect(heard).toBe(1);
  ui.redraw(...lines);
  expect(written[1]).toBe(
    `\u001b[H${[lines[0], 'a', 'b', 'c'].map((row) => `${row}\u001b[K`).join('\n')}\u001b[J`,
  );
  ui.drawn();
  expect(written[2]).toBe('\u001b[?25h\u001b[?1049l');
  // Once is enough, however often it is said.
  ui.drawn();
  expect(written).toHaveLength(3);
  forget();
  expect(listeners.size).toBe(0);
});

test('a full row is not cleared behind its end, where its last character would go', () => {
  const { stream, written } = fakeTerminal(40, 6);
  new Ui(stream, stream, {}).redraw('x'.repeat(40), 'y');
  expect(written[0]).toContain(`${'x'.repeat(40)}\ny\u001b[K`);
});

test('progress goes back over what it has drawn, also where a narrower window has broken that', () => {
  const { stream, written, resize } = fakeTerminal(80, 24);
  const ui = new Ui(stream, stream, {});
  const block = () => ['x'.repeat(70), 'y'];
  ui.progress('plain', block, true);
  expect(written.at(-1)).toBe(`\r${'x'.repeat(70)}\u001b[K\ny\u001b[K\n\u001b[J`);
  ui.progress('plain', block, false);
  expect(written.at(-1)).toMatch(/^\r\u001b\[2A/);
  resize(40, 24);
  ui.progress('plain', block, false);
  expect(written.at(-1)).toMatch(/^\r\u001b\[3A/);
  ui.progressed();
  expect(written.at(-1)).toBe('\r\u001b[3A\u001b[J');
  ui.progressed();
  expect(written).toHaveLength(4);
});

test('off a terminal progress is a line, and only where it says something new', () => {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text) };
  const ui = new Ui(stream, stream, {});
  ui.progress('waiting: 1 of 2', () => ['never'], true);
  ui.progress('waiting: 1 of 2', () => ['never'], false);
  ui.progressed();
  expect(written).toEqual(['keyturn: waiting: 1 of 2\n']);
});
