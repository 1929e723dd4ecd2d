/** The same choices in every run, so that a change is what a failure comes from; others with TROUPE_TEST_SEED. */
const SEED = Number(process.env['TROUPE_TEST_SEED'] ?? 1);

/** How much longer than in CI a test with random choices goes on; for runs by hand. */
export const TEST_LENGTH = Number(process.env['TROUPE_TEST_LENGTH'] ?? 1);

export interface Random {
  /** 0 to below `n`. */
  below(n: number): number;
  pick<T>(items: readonly T[]): T;
}

/** Numbers that depend on the seed and the name only (mulberry32). */
export function seeded(name: string): Random {
  let state = SEED;
  for (const character of name) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x9e3779b1);
  const below = (n: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
  return { below, pick: (items) => items[below(items.length)]! };
}

/** For runs by hand. */
export function noteFigures(test: string, figures: Record<string, number>): void {
  if (TEST_LENGTH > 1) console.log(test, figures);
}
