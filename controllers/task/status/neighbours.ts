import { objectKey } from '#api/machinery/meta';
import type { Task } from '#api/types/generated/task';
import { isFinalTaskStatus } from '#api/types/tasks/task';
import type { RecordedEvent } from '../../runtime/recorder.ts';
import { hasRevision } from '../revision/task-revision.ts';

/** The key of the Workspace that a Task under way works in; undefined for all other Tasks. */
export function workspaceAtWork({ metadata, spec, status }: Task): string | undefined {
  if (spec.workspaceRef === undefined || !hasRevision(status) || isFinalTaskStatus(status?.status)) {
    return undefined;
  }
  const { name, namespace = metadata.namespace } = spec.workspaceRef;
  return objectKey({ name, namespace });
}

export interface TaskEvent {
  about: Task;
  event: RecordedEvent;
}

/** Beyond, the first ones are told of a new Task, and it of them. */
const MOST_TOLD = 10;

/** The Events by which a Task that has just started and the Tasks in its Workspace learn of each other. */
export function neighbourEvents(task: Task, others: readonly Task[]): TaskEvent[] {
  const neighbours = others.filter(({ metadata }) => metadata.uid !== task.metadata.uid);
  const told = neighbours.slice(0, MOST_TOLD);
  const [first] = told;
  if (first === undefined) return [];
  const more = neighbours.length - told.length;
  const names = `${told.map(shown).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return [
    { about: task, event: shared(`${names} ${neighbours.length === 1 ? 'works' : 'work'}`) },
    ...told.map((other) => ({ about: other, event: shared(`${shown(task)} works`) })),
  ];
}

function shared(who: string): RecordedEvent {
  const message = `${who} in the same Workspace, too; each Task has a branch of its own for its work.`;
  return { type: 'Normal', reason: 'WorkspaceShared', message };
}

const shown = ({ metadata }: Task): string => `Task ${metadata.namespace ?? ''}/${metadata.name}`;
