// Fits what there is to show into the rows of a terminal: nothing scrolls away, and what is left out is said.
import { broken, type Line, type Row, rowsOf, unbroken } from './line.js';

/** A part of a picture. */
export interface Section {
  /** What goes first where there is little room: the smaller, the more important. */
  readonly rank: number;
  /** Lines that stand above its items, or are all that there is. */
  readonly head: readonly Line[];
  /** What can be left out from the end, each with its lines. */
  readonly items?: ReadonlyArray<readonly Line[]>;
  /** How many of the items are shown before another section shows more of its own; default: all. */
  readonly least?: number;
  /** Stands for items that are left out. */
  readonly more?: (left: number) => Line;
  /** Whether it stands close to the one before it. */
  readonly close?: boolean;
}

interface Laid {
  readonly section: Omit<Section, 'items' | 'more'>;
  readonly head: readonly Row[];
  readonly items: ReadonlyArray<readonly Row[]>;
  readonly more: (left: number) => readonly Row[];
  /** How many of the items are shown. */
  shown: number;
}

/**
 * The rows of a picture, at most as many as there is room for.
 *
 * @param room Infinity where it may scroll
 */
export function arranged(sections: readonly Section[], width: number, room: number): readonly Row[] {
  const heightOf = (rows: readonly Row[]) => rows.reduce((sum, row) => sum + rowsOf(row, width), 0);
  const parts = withRoom(
    sections.map((section) => laid(section, width)),
    room,
    heightOf,
  );
  const left = () => room - parts.reduce((sum, part) => sum + heightOf(drawn(part)), 0);
  // First so much of each as it needs to be understood, then more of each, the important ones first.
  const goals = [
    ({ section, items }: Laid) => section.least ?? items.length,
    ({ items }: Laid) => items.length,
  ];
  for (const goal of goals)
    for (const part of byRank(parts))
      while (part.shown < Math.min(part.items.length, goal(part))) {
        part.shown++;
        if (left() >= 0) continue;
        part.shown--;
        break;
      }
  let gaps = left();
  return parts
    .filter((part) => drawn(part).length > 0)
    .flatMap((part, at) => {
      const isApart = at > 0 && part.section.close !== true && gaps-- > 0;
      return [...(isApart ? [unbroken('')] : []), ...drawn(part)];
    });
}

function laid({ items = [], more, ...section }: Section, width: number): Laid {
  const rows = (lines: readonly Line[]) => lines.flatMap((line) => broken(line, width));
  return {
    section,
    head: rows(section.head),
    items: items.map(rows),
    more: (left) => (left === 0 || more === undefined ? [] : rows([more(left)])),
    shown: 0,
  };
}

function drawn({ head, items, more, shown }: Laid): readonly Row[] {
  return [...head, ...items.slice(0, shown).flat(), ...more(items.length - shown)];
}

function byRank(parts: readonly Laid[]): readonly Laid[] {
  return [...parts].sort((one, other) => one.section.rank - other.section.rank);
}

/** Those for whose heads there is room, the important ones first; the most important one in any case. */
function withRoom(
  parts: readonly Laid[],
  room: number,
  heightOf: (rows: readonly Row[]) => number,
): readonly Laid[] {
  let left = room;
  const kept = new Set<Laid>();
  for (const part of byRank(parts)) {
    const height = heightOf(drawn(part));
    if (kept.size > 0 && height > left) continue;
    kept.add(part);
    left -= height;
  }
  return parts.filter((part) => kept.has(part));
}
