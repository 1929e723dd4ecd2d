import type { Connection } from '#api/client/connect';
import type { TaskEventInput } from '#api/types/tasks/task-event';
import type { Task } from '#api/types/generated/task';
import { TASKS } from '#api/types/resources';

export const ghost = (name: string, systemPrompt = 'Be brief.', labels = ''): string =>
  `apiVersion: agent.wecode.io/v1\nkind: Ghost\nmetadata: {name: ${name}, labels: {${labels}}}\nspec: {systemPrompt: ${systemPrompt}}\n---\n`;

export function createTask(connection: Connection, name: string): Promise<Task> {
  return connection.client.create(TASKS, {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name, namespace: 'default' },
    spec: { prompt: 'Say hello', teamRef: { name: 'team' } },
  });
}

/** Plays a Sandbox: adds texts to the log of a Task, numbered from `first`. */
export async function say(connection: Connection, task: Task, texts: { first: number; words: string[] }) {
  const events: TaskEventInput[] = texts.words.map((text, index) => ({
    sourceSeq: texts.first + index,
    time: '2026-01-02T03:04:05.000000Z',
    type: 'text',
    data: { text },
  }));
  const ref = { namespace: 'default', name: task.metadata.name };
  await connection.taskLog.append(ref, { source: 'sandbox', taskUID: task.metadata.uid ?? '', events });
}

/** Plays the controller: writes a status. */
export async function setStatus(
  connection: Connection,
  name: string,
  status: NonNullable<Task['status']>,
): Promise<void> {
  const body = { status };
  await connection.client.patch(
    TASKS,
    { namespace: 'default', name },
    { type: 'merge', subresource: 'status', body },
  );
}
