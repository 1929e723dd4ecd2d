import type { Unstructured } from '../../machinery/meta.ts';
import type { Store } from '../../storage/contract/store.ts';
import type { Task } from '../../types/generated/task.ts';
import type { TaskEventAppend } from '../../types/tasks/task-event.ts';
import { translated } from '../storage-failure.ts';
import type { Target } from '../resource.ts';

/** No Sandbox has this name: theirs end with the number of the attempt. */
const SOURCE = 'messages';

/**
 * Brings those of spec.messages into the Task's log that it lacks, in order. The Task is written first, and whoever
 * posts or reads comes by here: a server that died between the two writes costs no words. Their numbers are those of a
 * source of the log, so that each is there once.
 * @throws StatusError
 */
export async function logMessages(
  log: Pick<Store['log'], 'append'>,
  { target, task }: { target: Target; task: Unstructured },
): Promise<void> {
  const { messages = [] } = (task as Unstructured & Task).spec ?? {};
  if (messages.length === 0) return;
  const of = { source: SOURCE, taskUID: task.metadata.uid ?? '' };
  const append = (batch: Pick<TaskEventAppend, 'events' | 'messages'>) =>
    translated(log.append({ ...of, ...batch }), target);
  const { lastSourceSeq } = await append({ events: [] });
  // One by one: of a batch that another server has appended in part, the words of all would be added again.
  for (const message of messages.slice(lastSourceSeq)) {
    const { id, number, from, at, text, policy, node, member } = message;
    const data = { id, from: from?.name ?? '', text, policy, node, member };
    const time = at ?? task.metadata.creationTimestamp ?? '';
    await append({
      events: [{ sourceSeq: number, time, type: 'message', data }],
      messages: [{ role: 'USER', content: text, time }],
    });
  }
}
