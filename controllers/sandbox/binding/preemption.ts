import type { Executor } from '#api/types/generated/executor';
import type { Sandbox } from '#api/types/generated/sandbox';
import { isConversation } from '#api/types/shells/shell-types';
import type { Demand } from './demand.ts';
import { planBinding } from './plan.ts';
import type { LossTime } from './plan.ts';

/** A run gives way only to one whose priority is higher by a whole class: high, medium and low are so far apart. */
const CLASS = 1000;

export interface PreemptionInput {
  /** Who waits although all Executors that it may have are full. */
  waiting: { priority: number; demand: Demand };
  executors: readonly Executor[];
  /** Bound to the Executor and not ended. */
  liveOn: (executorName: string) => readonly Sandbox[];
  /** All Sandboxes of the Task with this uid. */
  ofTask: (taskUID: string) => readonly Sandbox[];
  time: LossTime;
}

/**
 * The run whose place is needed: the one with the lowest priority, and of those the one that was made last, since the least is lost.
 * Nobody while one is giving way already; never a node twice; no probe, which ends by itself.
 */
export function planPreemption({
  waiting,
  executors,
  liveOn,
  ofTask,
  time,
}: PreemptionInput): Sandbox | undefined {
  const { demand, priority } = waiting;
  const fitting = executors.filter(
    (executor) => planBinding({ executors: [executor], demand, load: () => EMPTY, time }).outcome === 'bind',
  );
  const runs = fitting
    .flatMap(({ metadata }) => liveOn(metadata.name))
    .filter(({ spec }) => isConversation(spec) === demand.talks);
  if (runs.some(({ spec }) => spec.disruption !== undefined)) return undefined;
  return runs
    .filter((run) => priorityOf(run) <= priority - CLASS && mayGiveWay(run, ofTask))
    .toSorted((a, b) => priorityOf(a) - priorityOf(b) || (age(a) < age(b) ? 1 : -1))[0];
}

const EMPTY = { talking: 0, others: 0 };

const priorityOf = ({ spec }: Sandbox): number => spec.priority ?? 0;
const age = ({ metadata }: Sandbox): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;

function mayGiveWay({ spec }: Sandbox, ofTask: PreemptionInput['ofTask']): boolean {
  const { taskRef, node } = spec;
  if (taskRef === undefined || spec.cancel === true) return false;
  return !ofTask(taskRef.uid).some(
    (other) => other.spec.node === node && other.spec.disruption === 'Preempted',
  );
}
