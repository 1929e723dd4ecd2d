/** A drawing before it is drawn: boxes, some within others, and arrows between those of one list. */
export interface Chart {
  title: string;
  boxes: readonly Box[];
}

export interface Box {
  /** Unique in its list; arrows name it. */
  name: string;
  /** Who or what does it, and when. */
  notes: readonly string[];
  /** In words of a Task, such as RUNNING; absent where nothing is under way. */
  state?: string;
  arrows: readonly Arrow[];
  /** Of the nodes of a Task that it stands for, and no box within it. */
  ids?: readonly string[];
  /** A group of steps of their own. */
  boxes?: readonly Box[];
}

/** All the words of a box but its name: who does it, its nodes, and how it stands. */
export function detailsOf({ notes, ids, state }: Box): string[] {
  return [...notes, ...idNotes(ids), ...(state === undefined ? [] : [state])];
}

/** A loop may have hundreds of nodes. */
const MOST_IDS = 12;

/** The ids of the nodes of a box, in words. */
export function idNotes(ids: readonly string[] = []): string[] {
  const [first] = ids;
  if (first === undefined) return [];
  if (ids.length === 1) return [`id ${first}`];
  const more = ids.length > MOST_IDS ? [`and ${ids.length - MOST_IDS} more`] : [];
  return [`ids ${[...ids.slice(0, MOST_IDS), ...more].join(', ')}`];
}

/** A box that comes before another one. */
export interface Arrow {
  from: string;
  /** Empty for the usual. */
  label: string;
  /** The other box comes later, and sends the work back: such an arrow orders nothing. */
  isBack?: boolean;
}

/** The boxes in rows: each below all that comes before it. A circle, which no valid workflow has, ends in the last row. */
export function rowsOf(boxes: readonly Box[]): Box[][] {
  const rows: Box[][] = [];
  const placed = new Set<string>();
  const names = new Set(boxes.map(({ name }) => name));
  let open = [...boxes];
  while (open.length > 0) {
    const free = open.filter(({ arrows }) =>
      arrows.every(({ from, isBack }) => isBack === true || placed.has(from) || !names.has(from)),
    );
    const row = free.length === 0 ? open : free;
    rows.push(row);
    for (const { name } of row) placed.add(name);
    open = open.filter((box) => !row.includes(box));
  }
  return rows;
}
