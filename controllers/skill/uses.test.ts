import { describe, expect, it, vi } from 'vitest';
import type { Task } from '#api/types/generated/task';
import type { TaskRevision } from '#api/types/generated/task-revision';
import { planUses, skillsOfRevision } from './uses.ts';

const NOW = Date.parse('2026-11-30T12:00:00Z');
const task = (creationTimestamp: string): Task => ({ metadata: { creationTimestamp } }) as Task;
const counted = (tasks: number, countedAt: string, lastUsedAt = '2026-11-30T11:00:00Z') => ({
  ...{ tasks, countedAt, lastUsedAt },
});

describe('the uses of a Skill', () => {
  it('say nothing of one that nobody has used', () => {
    expect(planUses(undefined, () => [], NOW)).toEqual({ uses: undefined });
  });

  it('are counted at once the first time', () => {
    const tasks = [task('2026-11-30T11:00:00Z'), task('2026-11-29T11:00:00Z')];
    expect(planUses(undefined, () => tasks, NOW)).toEqual({
      uses: counted(2, '2026-11-30T12:00:00Z'),
    });
  });

  it('are counted again a minute later, not with each Task', () => {
    const before = counted(1, '2026-11-30T11:59:40Z');
    const tasks = vi.fn(() => [task('2026-11-30T11:00:00Z'), task('2026-11-30T11:59:50Z')]);
    expect(planUses(before, tasks, NOW)).toEqual({ uses: before, countAfter: 40_000 });
    expect(tasks, 'nobody looks at them before').not.toHaveBeenCalled();
    expect(planUses(before, tasks, NOW + 40_000).uses).toEqual(
      counted(2, '2026-11-30T12:00:40Z', '2026-11-30T11:59:50Z'),
    );
  });

  it('remember when it was used last, whatever becomes of the Task', () => {
    const before = counted(1, '2026-11-30T11:00:00Z');
    expect(planUses(before, () => [], NOW).uses).toEqual(counted(0, '2026-11-30T12:00:00Z'));
  });
});

it('A TaskRevision names each of its Skills once', () => {
  const agent = {
    skills: [
      { namespace: 'a', name: 'x' },
      { namespace: 'system', name: 'y' },
    ],
  };
  const revision = { spec: { nodes: [{ agent }, { agent }, {}] } } as unknown as TaskRevision;
  expect(skillsOfRevision(revision)).toEqual(['a/x', 'system/y']);
});
