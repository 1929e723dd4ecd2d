import { describe, expect, it } from 'vitest';
import { CPUTimes } from './resource-figures.ts';

const sample = (id: string, cpuSeconds: number) => ({ id, cpuSeconds, memoryBytes: 0 });

describe('the processor time of sandboxes', () => {
  it('is counted once, whoever comes and goes', () => {
    const times = new CPUTimes();
    expect(times.take([sample('a', 2), sample('b', 3)]), 'all that they have used').toBe(5);
    expect(times.take([sample('a', 2.5), sample('b', 3)]), 'the difference').toBe(0.5);
    expect(times.take([sample('b', 4), sample('c', 1)]), 'one has gone, one has come').toBe(2);
    expect(times.take([sample('b', 0.25)]), 'started again').toBe(0.25);
    expect(times.take([])).toBe(0);
  });
});
