import type { Sandbox, SandboxMessage } from '#api/types/generated/sandbox';
import type { Task, TaskMessage } from '#api/types/generated/task';
import { isFinalPhase } from '#api/types/sandbox';
import { SHELL_TYPES } from '#api/types/shell-types';
import { memberNamesOf } from '#api/types/tasks/task-revision';
import { workerOf } from '../graph/graph.ts';
import type { NodeRecord } from '../node-record.ts';
import type { Revision } from '../revision/revision.ts';
import { waitingWords } from '../status/messages.ts';
import type { Move } from './move.ts';

export interface Steering {
  task: Task;
  /** With all nodes that are known by now. */
  revision: Revision;
  /** Of all nodes. */
  records: readonly NodeRecord[];
  sandboxes: readonly Sandbox[];
  moves: readonly Move[];
}

/**
 * The messages that runs under way get, by the name of the Sandbox. Each goes to one run at a time: the first whose agent
 * takes words and is meant. When that has ended without it, another one gets it.
 */
export function steered(steering: Steering): ReadonlyMap<string, readonly SandboxMessage[]> {
  const given = new Map<string, SandboxMessage[]>();
  const live = steering.sandboxes.filter(({ status }) => !isFinalPhase(status?.phase));
  const handed = new Set(live.flatMap(({ spec }) => spec.messages ?? []).map(({ id }) => id));
  const { task, records, revision } = steering;
  for (const message of waitingWords({ task, records, members: memberNamesOf(revision) })) {
    const run = handed.has(message.id) ? undefined : listener(message, steering);
    if (run === undefined) continue;
    const { id, text, policy } = message;
    const words = { id, text, ...(policy === 'Interrupt' ? { interrupt: true } : {}) };
    given.set(run.metadata.name, [...(given.get(run.metadata.name) ?? []), words]);
  }
  return given;
}

function listener({ node, member }: TaskMessage, { moves, revision }: Steering): Sandbox | undefined {
  const workers = new Map(revision.nodes.map((planned) => [planned.id, workerOf(planned)]));
  const meant = moves.filter(({ record }) => {
    if (node !== undefined) return record.node === node || record.goesOnFrom === node;
    return member === undefined || workers.get(record.node) === member;
  });
  return meant.flatMap(({ run }) => run?.sandbox ?? []).find(takesWords);
}

function takesWords({ metadata, spec, status }: Sandbox): boolean {
  if (metadata.deletionTimestamp !== undefined || spec.cancel === true) return false;
  return !isFinalPhase(status?.phase) && SHELL_TYPES[spec.shell?.type ?? 'Command'].steer;
}
