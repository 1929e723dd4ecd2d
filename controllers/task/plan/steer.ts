import type { Sandbox, SandboxMessage } from '#api/types/generated/sandbox';
import type { Task, TaskMessage } from '#api/types/generated/task';
import { isFinalPhase } from '#api/types/sandbox';
import { SHELL_TYPES } from '#api/types/shell-types';
import type { NodeRecord } from '../node-record.ts';
import { waitingWords } from '../status/messages.ts';
import type { Move } from './move.ts';

export interface Steering {
  task: Task;
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
    const run = handed.has(message.id) ? undefined : listener(message, steering.moves);
    if (run === undefined) continue;
    const { id, text, policy } = message;
    const words = { id, text, ...(policy === 'Interrupt' ? { interrupt: true } : {}) };
    given.set(run.metadata.name, [...(given.get(run.metadata.name) ?? []), words]);
  }
  return given;
}

function listener({ node, member }: TaskMessage, moves: readonly Move[]): Sandbox | undefined {
  const meant = moves.filter(({ record }) => {
    if (node !== undefined) return record.node === node || record.goesOnFrom === node;
    return member === undefined || record.title === member;
  });
  return meant.flatMap(({ run }) => run?.sandbox ?? []).find(takesWords);
}

function takesWords({ metadata, spec, status }: Sandbox): boolean {
  if (metadata.deletionTimestamp !== undefined || spec.cancel === true) return false;
  return !isFinalPhase(status?.phase) && SHELL_TYPES[spec.shell?.type ?? 'Command'].steer;
}
