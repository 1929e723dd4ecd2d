import { findCondition } from '#api/machinery/condition';
import { heartbeatLostMs } from '#api/types/executor';
import type { Executor } from '#api/types/generated/executor';
import type { Demand } from './demand.ts';
import { fitProblem, isAvoided } from './executor-fit.ts';
import { capacityFor, takenFor } from './room.ts';
import type { Needs } from './room.ts';
import { noCapacity, noExecutor, noHome } from './wait.ts';
import type { Wait } from './wait.ts';

/**
 * Which Executor gets a Sandbox. Only an Executor that is ready, takes new work, has reported lately, fits and
 * has room comes into question. A Sandbox that goes on with the files of another goes where that one ran, since the
 * files are there; otherwise one without a taint that asks to be avoided, then the highest priority, then the least
 * loaded, then the first by name.
 */

export type Binding = { outcome: 'bind'; executorName: string } | Wait;

export interface BindingInput {
  executors: readonly Executor[];
  demand: Demand;
  /** Bound and unfinished Sandboxes of an Executor, those included whose binding is under way. */
  load: (executorName: string) => Needs;
  time: LossTime;
}

/** Times in milliseconds, those of moments since the epoch. */
export interface LossTime {
  now: number;
  /** When these controllers began to look: what was silent before gets its time to report again. */
  watchingSince: number;
  /** After so many milliseconds not ready an Executor is lost, and what was bound to it is tried elsewhere. */
  graceMs: number;
}

export function planBinding(input: BindingInput): Binding {
  const { executors, demand, load, time } = input;
  const home = homeExecutor(input);
  const candidates = home === undefined ? executors : [home];
  const problems = candidates.map(
    (executor) => problemOf(executor, time.now) ?? fitProblem(executor, demand),
  );
  const usable = candidates.filter((_, index) => problems[index] === undefined);
  if (usable.length === 0) {
    return home === undefined
      ? noExecutor(
          executors,
          problems.map((problem = '') => problem),
        )
      : noHome(home, problems[0] ?? '', lostIn(home, time));
  }
  const best = usable
    .filter((executor) => roomOf(executor, input) > 0)
    .reduce<Executor | undefined>((a, b) => (a === undefined || isBetter(b, a, input) ? b : a), undefined);
  return best === undefined
    ? noCapacity(usable, { demand, load }, home)
    : { outcome: 'bind', executorName: best.metadata.name };
}

/** The Executor that has the files; one that is lost, or is to become empty, does not count. */
function homeExecutor({ executors, demand: { earlier }, time }: BindingInput): Executor | undefined {
  if (earlier.length === 0) return undefined;
  const name = earlier.find((candidate) => {
    const executor = executors.find(({ metadata }) => metadata.name === candidate);
    return executor !== undefined && executor.spec.drain === undefined && lostIn(executor, time) > 0;
  });
  return executors.find(({ metadata }) => metadata.name === name);
}

/** Why the Executor takes nothing now, or undefined. */
function problemOf(executor: Executor, now: number): string | undefined {
  if (executor.metadata.deletionTimestamp !== undefined) return 'is being deleted';
  if (executor.spec.drain !== undefined) return 'is being drained';
  if (executor.spec.unschedulable === true) return 'is cordoned';
  const ready = findCondition(executor.status?.conditions, 'Ready');
  if (ready?.status !== 'True') return ready === undefined ? 'has not reported yet' : 'is not ready';
  return heartbeatAge(executor, now) > heartbeatLostMs(executor) ? 'has stopped reporting' : undefined;
}

function heartbeatAge(executor: Executor, now: number): number {
  const time = executor.status?.lastHeartbeatTime ?? executor.metadata.creationTimestamp;
  return time === undefined ? 0 : now - Date.parse(time);
}

/**
 * Milliseconds until the Executor counts as lost; 0 or less when it is. Ready=Unknown was written some
 * time after the last heartbeat, so both are looked at.
 */
export function lostIn(executor: Executor | undefined, time: LossTime): number {
  if (executor === undefined) return 0;
  const ready = findCondition(executor.status?.conditions, 'Ready');
  if (ready?.status === 'True') return Infinity;
  const since = ready?.lastTransitionTime ?? executor.metadata.creationTimestamp;
  const from = Math.max(since === undefined ? 0 : Date.parse(since), time.watchingSince);
  return from + time.graceMs - time.now;
}

function roomOf(executor: Executor, input: BindingInput): number {
  return capacityFor(executor, input.demand.talks) - takenOf(executor, input);
}

function takenOf(executor: Executor, { demand, load }: BindingInput): number {
  return takenFor(executor, demand.talks, load(executor.metadata.name));
}

function isBetter(a: Executor, b: Executor, input: BindingInput): boolean {
  const byTaint = Number(isAvoided(b, input.demand)) - Number(isAvoided(a, input.demand));
  if (byTaint !== 0) return byTaint > 0;
  const byPriority = (a.spec.priority ?? 0) - (b.spec.priority ?? 0);
  if (byPriority !== 0) return byPriority > 0;
  const byLoad = takenOf(a, input) - takenOf(b, input);
  return byLoad === 0 ? a.metadata.name < b.metadata.name : byLoad < 0;
}
