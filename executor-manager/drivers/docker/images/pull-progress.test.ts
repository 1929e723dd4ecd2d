import { describe, expect, it } from 'vitest';
import { PullProgress } from './pull-progress.ts';
import type { PullLine } from './pull-progress.ts';

function after(lines: PullLine[]): string {
  const progress = new PullProgress();
  for (const line of lines) expect(progress.take(line)).toBeUndefined();
  return progress.toString();
}

const layer = (id: string, status: string, current?: number, total?: number): PullLine => ({
  ...{ id, status },
  progressDetail: current === undefined || total === undefined ? {} : { current, total },
});

describe('PullProgress', () => {
  it.each<[string, PullLine[], string]>([
    ['nothing is known', [{ status: 'Pulling from team/tool', id: '1' }], ''],
    ['layers are known', [layer('a', 'Pulling fs layer'), layer('b', 'Waiting')], '0 of 2 layers'],
    ['one is there already', [layer('a', 'Already exists'), layer('b', 'Waiting')], '1 of 2 layers'],
    [
      'one is under way',
      [layer('a', 'Downloading', 1_000_000, 4_000_000), layer('b', 'Waiting')],
      '0 of 2 layers, 1.0 of 4.0 MB',
    ],
    [
      'one is unpacked, whose numbers are then of something else',
      [layer('a', 'Downloading', 1_000_000, 40_000_000), layer('a', 'Extracting', 7, 40_000_000)],
      '0 of 1 layers, 40 of 40 MB',
    ],
    [
      'all is done',
      [layer('a', 'Pull complete'), { status: 'Status: Downloaded newer image' }],
      '1 of 1 layers',
    ],
  ])('says how far it is when %s', (_, lines, expected) => {
    expect(after(lines)).toBe(expected);
  });

  it('hands on the error that ends the pull', () => {
    expect(new PullProgress().take({ error: 'short', errorDetail: { message: 'unexpected EOF' } })).toBe(
      'unexpected EOF',
    );
    expect(new PullProgress().take({ error: 'short' })).toBe('short');
  });
});
