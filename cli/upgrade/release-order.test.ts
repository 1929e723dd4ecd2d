import { describe, expect, it } from 'vitest';
import { compareReleases } from './release-order.ts';

describe('the order of releases', () => {
  it.each([
    ['0.1.0', '0.1.0', 0, 'the same'],
    ['0.1.9', '0.1.10', -1, 'numbers, not texts'],
    ['1.0.0', '0.9.9', 1, 'the first number counts most'],
    ['0.2.0-rc.1', '0.2.0', -1, 'a pre-release comes before its release'],
    ['0.2.0', '0.2.0-rc.1', 1, 'and the other way round'],
    ['0.2.0-rc.2', '0.2.0-rc.10', -1, 'pre-releases have numbers'],
    ['0.2.0-rc.1', '0.1.9', 1, 'a pre-release of a newer one'],
    ['0.2.0+a', '0.2.0+b', 0, 'builds of one version'],
  ])('%s and %s: %i', (...[a, b, want, reason]) => {
    expect(compareReleases(a, b), reason).toBe(want);
  });
});
