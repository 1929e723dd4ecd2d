import { describe, expect, it } from 'vitest';
import { RUN_LIMITS } from '#executor-manager/protocol/run';
import type { Changes } from './changes.ts';
import { diffEvents } from './report.ts';

const workspace = { branch: 'b', headCommit: 'h', filesChanged: 3, commits: 1 };
const file = (name: string, text: string, whole = true) => ({
  ...{ name, text, whole },
  isRepository: false,
  isNew: false,
});
const changes = (patches: Changes['patches'], leftOut: string[] = []): Changes => ({
  ...{ workspace, patches, leftOut, uncommittedFiles: 2, repositories: [] },
});
const KiB = 1024;
const line = `${'x'.repeat(99)}\n`;
const text = (bytes: number): string => line.repeat(Math.floor(bytes / 100));

describe('diff events', () => {
  it('a small diff is one, with the figures', () => {
    expect(diffEvents(changes([file('a', '1\n'), file('b', '2\n')]))).toEqual([
      { ...workspace, uncommittedFiles: 2, diff: '1\n2\n' },
    ]);
  });

  it('a run that changed nothing has none', () => {
    const nothing = { ...changes([]), workspace: { ...workspace, filesChanged: 0, commits: 0 } };
    expect(diffEvents(nothing)).toEqual([]);
  });

  it('a large diff is several, of whole files as far as they fit', () => {
    const files = [text(200 * KiB), text(100 * KiB), text(100 * KiB)];
    const events = diffEvents(changes(files.map((one, index) => file(String(index), one))));
    expect(events.map(({ diff }) => diff)).toEqual([files[0], `${files[1]}${files[2]}`]);
    expect(events.map(({ part, parts }) => [part, parts])).toEqual([
      [1, 2],
      [2, 2],
    ]);
    expect(events[1]).not.toHaveProperty('branch');
  });

  it.each([
    { reason: 'lines', large: text(600 * KiB) },
    { reason: 'one line beyond ASCII', large: '文😀'.repeat(100 * KiB) },
  ])('a file that is too large for an event comes in pieces: $reason', ({ large }) => {
    const events = diffEvents(changes([file('a', large), file('b', 'end\n')]));
    expect(events.map(({ diff }) => String(diff)).join('')).toBe(`${large}end\n`);
    for (const { diff } of events) {
      expect(Buffer.byteLength(String(diff))).toBeLessThanOrEqual(RUN_LIMITS.diffBytes);
      expect(String(diff).isWellFormed()).toBe(true);
    }
  });

  it('files beyond the limit, and those that no text can show, are named', () => {
    const most = text(RUN_LIMITS.patchBytes - 1000);
    const patches = [
      file('large', most),
      file('too-much', text(2000)),
      file('odd', '\ufffd', false),
      file('c', '1\n'),
    ];
    const [first, ...others] = diffEvents(changes(patches, ['unseen']));
    expect(first).toMatchObject({
      truncated: true,
      leftOut: { files: 3, names: ['too-much', 'odd', 'unseen'] },
    });
    expect(others.at(-1)?.['diff']).toMatch(/1\n$/);
  });
});
