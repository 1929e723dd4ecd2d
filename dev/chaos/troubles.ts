import type { Random } from '../random.ts';

/** Something that is killed and stays away for a while; then nothing happens for a while. */
export interface Trouble {
  /** Names of members; two may be away at once. */
  victims: readonly string[];
  downMs: number;
  restMs: number;
}

export interface TroubleOptions {
  members: readonly string[];
  rounds: number;
}

const MOST_DOWN_MS = 3_000;
const MOST_REST_MS = 2_500;
/** In so many of a hundred troubles two are away at once. */
const PAIRS = 25;

/** In each round everybody is killed once, in another order; sometimes two at a time. */
export function troublesFrom(random: Random, { members, rounds }: TroubleOptions): Trouble[] {
  return Array.from({ length: rounds }, () => random.shuffle(members)).flatMap((order) => {
    const troubles: Trouble[] = [];
    for (let left = order; left.length > 0;) {
      const count = random.below(100) < PAIRS ? 2 : 1;
      const times = { downMs: random.below(MOST_DOWN_MS), restMs: random.below(MOST_REST_MS) };
      troubles.push({ victims: left.slice(0, count), ...times });
      left = left.slice(count);
    }
    return troubles;
  });
}
