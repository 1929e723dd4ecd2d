import type { Task, TaskMessage, TaskStatus } from '#api/types/generated/task';
import { isFinalTaskStatus, waitingMessages } from '#api/types/tasks/task';
import { isEnded } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';

type MessageState = NonNullable<TaskStatus['messages']>[number];

export interface MessagesOf {
  task: Task;
  /** Of all nodes. */
  records: readonly NodeRecord[];
  /** The names of all who may work for the Task; absent while nobody knows them. */
  members?: readonly string[] | undefined;
}

/** The id of the node that answers a message which no run has taken. Programs name no node so. */
export function followUpNode({ number }: Pick<TaskMessage, 'number'>): string {
  return `message-${number}`;
}

/** The messages that no agent has got, in order. */
export function waitingWords(from: MessagesOf): TaskMessage[] {
  const known = new Set(messageStates(from).map(({ id }) => id));
  return (from.task.spec.messages ?? []).filter(({ id }) => !known.has(id));
}

/**
 * The states of the messages, in order; those that wait are left out. `given up`: the Task ends without its agents having got
 * the others. A state that was written once stays, but for that of a message whose own run never began: it expires with the
 * Task, and is applied if a retry runs it after all.
 */
export function messageStates({ task, records, members }: MessagesOf, end?: 'given up'): MessageState[] {
  const written = new Map((task.status?.messages ?? []).map((state) => [state.id, state]));
  return (task.spec.messages ?? []).flatMap((message) => {
    const expired = { id: message.id, state: 'Expired' as const };
    const own = records.find(({ node }) => node === followUpNode(message));
    if (own !== undefined && end !== undefined && own.attempt === undefined) return [expired];
    const before = written.get(message.id);
    const isKept = before !== undefined && (before.state !== 'Expired' || own?.attempt === undefined);
    const state = isKept ? before : (appliedState(message, records) ?? rejectedState(message, members));
    if (state !== undefined) return [state];
    return end === undefined ? [] : [expired];
  });
}

/**
 * The status of a Task that has ended where nobody can get any of the messages since then: but for their states it stays as it
 * is. Undefined for all other Tasks.
 */
export function unheard({ task, records, members }: MessagesOf): TaskStatus | undefined {
  const waiting = new Set(waitingMessages(task));
  if (!isFinalTaskStatus(task.status?.status) || waiting.size === 0) return undefined;
  // People have steps run again: the status is about to become another one.
  if (!records.every(isEnded)) return undefined;
  const messages = messageStates({ task, records, members });
  const rejected = messages.filter(({ id, state }) => waiting.has(id) && state === 'Rejected');
  return rejected.length === waiting.size ? { ...task.status, messages } : undefined;
}

/**
 * Why nobody can get a message, as a sentence; undefined where somebody can. The server refuses such a one where it knows the
 * members; this one was posted before.
 */
export function addresseeProblem(
  { member }: Pick<TaskMessage, 'member'>,
  members: readonly string[] | undefined,
): string | undefined {
  if (members?.length === 0) return 'No agent works for this Task that could get words.';
  if (member === undefined || members === undefined || members.includes(member)) return undefined;
  return `No member is called "${member}"; there are ${members.join(', ')}.`;
}

function rejectedState(message: TaskMessage, members: MessagesOf['members']): MessageState | undefined {
  const problem = addresseeProblem(message, members);
  return problem === undefined ? undefined : { id: message.id, state: 'Rejected', message: problem };
}

function appliedState(message: TaskMessage, records: readonly NodeRecord[]): MessageState | undefined {
  const own = followUpNode(message);
  const by = records.find(({ node, messages }) => node === own || messages?.includes(message.id));
  return by && { id: message.id, state: 'Applied', node: by.node };
}
