import type { ObjectRef } from '#api/machinery/resource-type';
import { createTaskEventText } from '#api/types/tasks/task-event-text';
import type { Session } from './session.ts';
import { TASKS } from './task.ts';
import { readTaskLog } from './task-log-reader.ts';

/** The number of the last event of a Task's log, before something is asked of the Task. @throws StatusError NotFound */
export async function lastNumber(session: Session, ref: ObjectRef): Promise<number> {
  await session.connection.client.get(TASKS, ref);
  let last = 0;
  for await (const { seq } of readTaskLog(session, { ref, after: 0, follow: false })) last = seq;
  return last;
}

/** Shows what happens after that, until the Task is finished. */
export async function followLog(session: Session, ref: ObjectRef, after: number): Promise<void> {
  const { stdout } = session.context;
  const text = createTaskEventText();
  for await (const event of readTaskLog(session, { ref, after, follow: true })) stdout.write(text.add(event));
  stdout.write(text.end());
}
