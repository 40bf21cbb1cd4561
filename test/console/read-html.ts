// Reads the HTML of the console, and only such: whatever is not written as the templates write it is an error. So text from
// outside that became markup, an attribute without quotation marks or a tag that is not closed cannot pass unnoticed.
import { expect } from 'vitest';

export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: Array<Element | string>;
  readonly parent: Element | undefined;
}

const VOID = new Set(['meta', 'link', 'input', 'br']);
/** Those that HTML knows without a value. */
const BOOLEAN = new Set(['required', 'open', 'defer', 'data-countdown']);
const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

const TOKEN =
  /<!doctype html>|<\/([a-z][a-z0-9]*)>|<([a-z][a-z0-9]*)((?: [a-zA-Z][a-zA-Z0-9-]*(?:="[^"<>]*")?)*)(\/?)>|[^<>]+/gy;

export function readHtml(text: string): Element {
  const root: Element = { name: '', attributes: new Map(), children: [], parent: undefined };
  let here = root;
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    const found = TOKEN.exec(text);
    if (found === null) throw new Error(`not HTML as it is written here: ${text.slice(at, at + 200)}`);
    const [whole, end, begin, attributes = '', isEmpty] = found;
    if (whole === '<!doctype html>') continue;
    if (end !== undefined) {
      if (end !== here.name || here.parent === undefined)
        throw new Error(`</${end}> closes <${here.name}>: ${text.slice(at - 200, at + 20)}`);
      here = here.parent;
    } else if (begin !== undefined) {
      const element: Element = { name: begin, attributes: read(attributes), children: [], parent: here };
      here.children.push(element);
      if (!VOID.has(begin) && isEmpty !== '/') here = element;
    } else {
      here.children.push(decoded(whole));
    }
  }
  if (here !== root) throw new Error(`<${here.name}> is not closed`);
  return root;
}

function read(text: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name = '', value] of text.matchAll(/ ([a-zA-Z][a-zA-Z0-9-]*)(?:="([^"]*)")?/g)) {
    if (value === undefined && !BOOLEAN.has(name)) throw new Error(`an attribute without a value: ${name}`);
    if (attributes.has(name)) throw new Error(`an attribute twice: ${name}`);
    attributes.set(name, decoded(value ?? ''));
  }
  return attributes;
}

function decoded(text: string): string {
  return text.replace(/&[^;]{0,10};?/g, (found) => {
    const character = ENTITIES[found];
    if (character === undefined) throw new Error(`an ampersand that is not escaped: ${found}`);
    return character;
  });
}

export function elementsIn(element: Element): readonly Element[] {
  return element.children.flatMap((child) =>
    typeof child === 'string' ? [] : [child, ...elementsIn(child)],
  );
}

export function named(element: Element, ...names: readonly string[]): readonly Element[] {
  return elementsIn(element).filter(({ name }) => names.includes(name));
}

export function withId(element: Element, id: string): Element {
  const [found] = elementsIn(element).filter(({ attributes }) => attributes.get('id') === id);
  if (found === undefined) throw new Error(`nothing has the id ${id}`);
  return found;
}

export function classesOf({ attributes }: Element): readonly string[] {
  return (attributes.get('class') ?? '').split(' ');
}

/** As a person reads it: blanks are one. */
export function textOf(element: Element): string {
  const all = (one: Element): string =>
    one.children.map((child) => (typeof child === 'string' ? child : all(child))).join('');
  return all(element).replace(/\s+/g, ' ').trim();
}

/** The rows of the first table in it, cell by cell, the head first. */
export function rowsIn(element: Element): readonly (readonly string[])[] {
  const [table] = element.name === 'table' ? [element] : named(element, 'table');
  if (table === undefined) throw new Error('there is no table');
  return named(table, 'tr').map((row) => named(row, 'th', 'td').map(textOf));
}

/** What holds for every page, whatever it shows. */
export function expectSound(text: string): Element {
  const page = readHtml(text);
  const all = elementsIn(page);
  // Nothing that Content-Security-Policy would have to allow inline, and nothing from outside.
  expect(
    all.flatMap(({ attributes }) => [...attributes.keys()]).filter((name) => /^(on|style$)/i.test(name)),
  ).toEqual([]);
  expect(named(page, 'style', 'iframe', 'object', 'base', 'img')).toEqual([]);
  expect(named(page, 'script').map(({ children }) => children)).toEqual([[]]);
  const urls = all.flatMap(({ attributes }) =>
    ['href', 'src', 'action', 'data-live'].flatMap((name) => attributes.get(name) ?? []),
  );
  // An empty one is the page itself.
  expect(urls.filter((url) => url !== '' && !/^(\.{0,2}\/(?!\/)|#)/.test(url))).toEqual([]);
  // One heading of the first order, and none left out on the way down.
  const orders = named(page, 'h1', 'h2', 'h3').map(({ name }) => Number(name[1]));
  expect(orders.filter((order) => order === 1)).toHaveLength(1);
  expect(orders[0]).toBe(1);
  expect(orders.filter((order, at) => at > 0 && order > (orders[at - 1] as number) + 1)).toEqual([]);
  expect(named(page, 'main')).toHaveLength(1);
  const ids = all.flatMap(({ attributes }) => attributes.get('id') ?? []);
  expect(ids).toEqual([...new Set(ids)]);
  for (const { attributes } of all) {
    for (const name of ['aria-labelledby', 'aria-describedby', 'for']) {
      const target = attributes.get(name);
      if (target !== undefined) expect(ids).toContain(target);
    }
  }
  for (const picture of named(page, 'svg').filter(({ parent }) => parent?.name !== 'svg')) {
    const isHidden = picture.attributes.get('aria-hidden') === 'true';
    const [title] = named(picture, 'title');
    expect(isHidden || (picture.attributes.get('role') === 'img' && title !== undefined)).toBe(true);
  }
  for (const table of named(page, 'table')) {
    expect(named(table, 'caption')).toHaveLength(1);
    expect(named(table, 'th').every(({ attributes }) => attributes.has('scope'))).toBe(true);
  }
  return page;
}
