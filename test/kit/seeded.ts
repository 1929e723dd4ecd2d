import { randomFrom } from '#dev/random';
import type { Random } from '#dev/random';

/** The same choices in every run, so that a change is what a failure comes from; others with TROUPE_TEST_SEED. */
const SEED = Number(process.env['TROUPE_TEST_SEED'] ?? 1);

/** How much longer than in CI a test with random choices goes on; for runs by hand. */
export const TEST_LENGTH = Number(process.env['TROUPE_TEST_LENGTH'] ?? 1);

/** Numbers that depend on the seed and the name only. */
export function seeded(name: string): Random {
  let state = SEED;
  for (const character of name) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x9e3779b1);
  return randomFrom(state);
}

/** For runs by hand. */
export function noteFigures(test: string, figures: Record<string, number>): void {
  if (TEST_LENGTH > 1) console.log(test, figures);
}
