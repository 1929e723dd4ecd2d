import type { Task, TaskMessage, TaskStatus } from '#api/types/generated/task';
import type { NodeRecord } from '../node-record.ts';

type MessageState = NonNullable<TaskStatus['messages']>[number];

export interface MessagesOf {
  task: Task;
  /** Of all nodes. */
  records: readonly NodeRecord[];
}

/** The id of the node that answers a message which no run has taken. Programs name no node so. */
export function followUpNode({ number }: Pick<TaskMessage, 'number'>): string {
  return `message-${number}`;
}

/** The messages that no agent has got, in order. */
export function waitingWords({ task, records }: MessagesOf): TaskMessage[] {
  const known = new Set(messageStates({ task, records }).map(({ id }) => id));
  return (task.spec.messages ?? []).filter(({ id }) => !known.has(id));
}

/**
 * The states of the messages, in order; those that wait are left out. `given up`: the Task ends without its agents having got
 * the others. A state that was written once stays.
 */
export function messageStates({ task, records }: MessagesOf, end?: 'given up'): MessageState[] {
  const written = new Map((task.status?.messages ?? []).map((state) => [state.id, state]));
  return (task.spec.messages ?? []).flatMap((message) => {
    const state = written.get(message.id) ?? appliedState(message, records);
    if (state !== undefined) return [state];
    return end === undefined ? [] : [{ id: message.id, state: 'Expired' as const }];
  });
}

function appliedState(message: TaskMessage, records: readonly NodeRecord[]): MessageState | undefined {
  const own = followUpNode(message);
  const by = records.find(({ node, messages }) => node === own || messages?.includes(message.id));
  return by && { id: message.id, state: 'Applied', node: by.node };
}
