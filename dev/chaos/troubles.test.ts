import fc from 'fast-check';
import { expect, it } from 'vitest';
import { randomFrom } from '../random.ts';
import { troublesFrom } from './troubles.ts';

it('kills everybody once in each round, the same way for the same seed', () => {
  const members = ['api', 'controllers', 'database', 'redis', 'executor'];
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 5 }), (seed, rounds) => {
      const troubles = troublesFrom(randomFrom(seed), { members, rounds });
      const victims = troubles.flatMap((trouble) => trouble.victims);
      expect(victims.toSorted()).toEqual(
        Array.from({ length: rounds }, () => members)
          .flat()
          .toSorted(),
      );
      expect(troublesFrom(randomFrom(seed), { members, rounds })).toEqual(troubles);
    }),
  );
});
