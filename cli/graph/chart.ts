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
  /** A group of steps of their own. */
  boxes?: readonly Box[];
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
