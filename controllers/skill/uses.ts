import { formatTime } from '#api/machinery/clock';
import { objectKey } from '#api/machinery/meta';
import type { SkillStatus } from '#api/types/generated/skill';
import type { Task } from '#api/types/generated/task';
import type { TaskRevision } from '#api/types/generated/task-revision';

/** Each Task that starts would otherwise be a write to all who watch the Skill. Milliseconds. */
const COUNT_AGAIN_MS = 60_000;

export interface UsesPlan {
  uses: SkillStatus['uses'];
  /** Milliseconds until it may be counted again; absent when it was counted just now. */
  countAfter?: number;
}

/**
 * The uses of a Skill by the Tasks that have it now.
 * @param tasksWith asked only when it is time to count: of a Skill in use there may be a hundred thousand
 */
export function planUses(
  before: SkillStatus['uses'],
  tasksWith: () => readonly Task[],
  now: number,
): UsesPlan {
  const wait = before === undefined ? 0 : Date.parse(before.countedAt) + COUNT_AGAIN_MS - now;
  if (wait > 0) return { uses: before, countAfter: wait };
  const tasks = tasksWith();
  if (before === undefined && tasks.length === 0) return { uses: undefined };
  const created = tasks.map(({ metadata }) => metadata.creationTimestamp ?? '');
  const lastUsedAt = [before?.lastUsedAt ?? '', ...created].reduce((last, at) => (at > last ? at : last));
  if (before?.tasks === tasks.length && before.lastUsedAt === lastUsedAt) return { uses: before };
  return {
    uses: {
      tasks: tasks.length,
      ...(lastUsedAt === '' ? {} : { lastUsedAt }),
      countedAt: formatTime(now),
    },
  };
}

/** The keys of the Skills that a TaskRevision has. */
export function skillsOfRevision({ spec }: TaskRevision): string[] {
  const keys = spec.nodes.flatMap((node) => {
    const { agent } = node as { agent?: { skills?: { namespace?: string; name?: string }[] } };
    return (agent?.skills ?? []).map(({ namespace, name = '' }) =>
      objectKey({ ...(namespace === undefined ? {} : { namespace }), name }),
    );
  });
  return [...new Set(keys)];
}
