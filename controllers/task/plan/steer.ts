import type { Sandbox, SandboxMessage } from '#api/types/generated/sandbox';
import type { Task, TaskMessage } from '#api/types/generated/task';
import { isFinalPhase } from '#api/types/sandboxes/sandbox';
import { SHELL_TYPES } from '#api/types/shells/shell-types';
import { workerOf } from '../graph/graph.ts';
import type { PlannedNode } from '../graph/graph.ts';
import type { NodeRecord } from '../node-record.ts';
import { waitingWords } from '../status/messages.ts';
import type { Move } from './move.ts';

export interface Steering {
  task: Task;
  /** All that are known by now. */
  nodes: readonly PlannedNode[];
  /** The names of all who may work for the Task. */
  members: readonly string[];
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
  for (const message of waitingWords(steering)) {
    const run = handed.has(message.id) ? undefined : listener(message, steering);
    if (run === undefined) continue;
    const { id, text, policy } = message;
    const words = { id, text, ...(policy === 'Interrupt' ? { interrupt: true } : {}) };
    given.set(run.metadata.name, [...(given.get(run.metadata.name) ?? []), words]);
  }
  return given;
}

function listener({ node, member }: TaskMessage, { moves, nodes }: Steering): Sandbox | undefined {
  const workers = new Map(nodes.map((planned) => [planned.id, workerOf(planned)]));
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
