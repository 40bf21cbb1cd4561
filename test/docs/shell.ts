// What a block of shell runs: its simple commands, as far as the pages write them.

/** The words of every simple command, those of `$(…)` and of pipes too; variables that are set in front are left out. */
export function commandsIn(code: string): readonly (readonly string[])[] {
  const lines = code.replace(/\\\n/g, ' ').split('\n');
  return lines.flatMap(commandsOf).filter(({ length }) => length > 0);
}

function commandsOf(line: string): string[][] {
  const commands: string[][] = [[]];
  let word: string | undefined;
  let quote = '';
  const end = () => {
    if (word !== undefined) commands.at(-1)?.push(word);
    word = undefined;
  };
  const next = () => {
    end();
    commands.push([]);
  };
  for (let at = 0; at < line.length; at++) {
    const letter = line[at] as string;
    // What is in it is a command wherever it stands, and what it gives is a word.
    const inner = quote === "'" ? undefined : /^\$\(([^()]*)\)/.exec(line.slice(at));
    if (inner) {
      commands.unshift(...commandsOf(inner[1] ?? ''));
      word = `${word ?? ''}$(…)`;
      at += inner[0].length - 1;
    } else if (quote !== '') {
      if (letter === quote) quote = '';
      else word += letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= '';
    } else if (letter === '#' && word === undefined) break;
    else if ('|&;'.includes(letter)) next();
    else if ('<>'.includes(letter)) {
      // Where something is read from or written to is no word of the command.
      end();
      at += /^[<>]*\s*[^\s|&;<>]*/.exec(line.slice(at + 1))?.[0].length ?? 0;
    } else if (/\s/.test(letter)) end();
    else word = `${word ?? ''}${letter}`;
  }
  end();
  return commands.map((words) => {
    const first = words.findIndex((one) => !/^[A-Za-z_]\w*=/.test(one));
    return first === -1 ? [] : words.slice(first);
  });
}

/** In front of a program that runs elsewhere. */
const ELSEWHERE = [/^sudo /, /^docker compose run --rm \w+ /, /^kubectl exec [\w/]+ -- /];

/** The arguments of `keyturn`, where a command is a call of it. */
export function keyturnArgs(words: readonly string[]): readonly string[] | undefined {
  const line = words.join('\0');
  const here = ELSEWHERE.reduce((rest, prefix) => {
    const length = prefix.exec(rest.replaceAll('\0', ' '))?.[0].length ?? 0;
    return rest.slice(length);
  }, line);
  const called = /^(?:npx\0)?keyturn(?:\0|$)|^node\0(?:\S*\/)?dist\/cli\/main\.js(?:\0|$)/.exec(here);
  if (called === null) return undefined;
  const rest = here.slice(called[0].length);
  return rest === '' ? [] : rest.split('\0');
}
