import type { Task, TaskTransition } from '#api/types/generated/task';
import type { WebhookMessage } from '#guarded-client/webhook-sender';

/** The message about a state of a Task. It has the state as it was then, and the Task as it stands by now. */
export function callbackMessage(task: Task, transition: TaskTransition): Pick<WebhookMessage, 'body' | 'id'> {
  const { name, namespace, uid = '' } = task.metadata;
  const { status = {} } = task;
  const value: unknown = status.result?.['value'];
  const body = {
    type: `task.${transition.status.toLowerCase()}`,
    ...(transition.time === undefined ? {} : { timestamp: transition.time }),
    data: {
      sequence: transition.sequence,
      status: transition.status,
      task: {
        ...{ apiVersion: task.apiVersion, kind: task.kind, metadata: { name, namespace, uid } },
        status: {
          ...{ status: status.status, progress: status.progress, message: status.message },
          ...{ errorMessage: status.errorMessage, completedAt: status.completedAt },
          ...(typeof value === 'string' ? { result: { value } } : {}),
        },
      },
    },
  };
  return { id: `msg_${uid}_${transition.sequence}`, body: JSON.stringify(body) };
}
