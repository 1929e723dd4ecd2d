/** Choices that depend on a seed only. */
export interface Random {
  /** 0 to below `n`. */
  below(n: number): number;
  /** @throws Error where there is nothing to choose from */
  pick<T>(items: readonly T[]): T;
  /** All of them, in another order. */
  shuffle<T>(items: readonly T[]): T[];
}

/** The generator mulberry32, begun with the whole number `seed`. */
export function randomFrom(seed: number): Random {
  let state = seed | 0;
  const below = (n: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
  const pick = <T>(items: readonly T[]): T => {
    const [item] = items.slice(below(Math.max(1, items.length)));
    if (item === undefined) throw new Error('there is nothing to choose from');
    return item;
  };
  const shuffle = <T>(items: readonly T[]): T[] =>
    items
      .map((item) => ({ item, at: below(2 ** 30) }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ item }) => item);
  return { below, pick, shuffle };
}
