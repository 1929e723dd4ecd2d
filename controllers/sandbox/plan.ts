import { findCondition } from '#api/machinery/condition';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox } from '#api/types/generated/sandbox';
import { isConversation } from '#api/types/shell-types';
import { capacityFor, needsOf, takenFor } from './room.ts';
import type { Needs } from './room.ts';

/**
 * Which Executor gets a Sandbox. Only an Executor that is ready, takes new work, has reported lately and
 * has room comes into question. A Sandbox that goes on with the files of another goes where that one ran, since the
 * files are there; otherwise the highest priority wins, then the least loaded, then the first by name.
 */

/** After this long without a heartbeat an Executor gets no further Sandbox, in milliseconds. */
export const HEARTBEAT_FRESH_MS = 40_000;
/** After this long not ready an Executor is lost, and what was bound to it is tried elsewhere, in milliseconds. */
const EXECUTOR_LOST_MS = 60_000;

export type Binding =
  | { outcome: 'bind'; executorName: string }
  | {
      outcome: 'wait';
      reason: 'NoExecutor' | 'NoCapacity';
      message: string;
      /** Milliseconds until time alone may change the answer. */
      recheckAfter?: number;
    };

export interface BindingInput {
  executors: readonly Executor[];
  /** Whether the Sandbox only talks: then it takes a share of a process where there are shares. */
  talks: boolean;
  /** Bound and unfinished Sandboxes per Executor name that take of the same room, assumed ones included. */
  load: ReadonlyMap<string, number>;
  /** Where the files are that the Sandbox goes on with, the best first; empty when it may go anywhere. */
  earlier: readonly string[];
  time: LossTime;
}

/** Milliseconds since the epoch. */
export interface LossTime {
  now: number;
  /** When these controllers began to look: what was silent before gets its time to report again. */
  watchingSince: number;
}

export function planBinding(input: BindingInput): Binding {
  const home = homeExecutor(input);
  const candidates = home === undefined ? input.executors : [home];
  const usable = candidates.filter((executor) => problemOf(executor, input.time.now) === undefined);
  if (usable.length === 0) return noExecutor(input, home);
  const best = usable
    .filter((executor) => roomOf(executor, input) > 0)
    .reduce<Executor | undefined>(
      (a, b) => (a === undefined || isBetter(b, a, input.load) ? b : a),
      undefined,
    );
  return best === undefined
    ? noCapacity(usable, input, home)
    : { outcome: 'bind', executorName: best.metadata.name };
}

/** The Executor that has the files; a lost one no longer counts. */
function homeExecutor({ executors, earlier, time }: BindingInput): Executor | undefined {
  const name = earlier.find((candidate) => {
    const executor = executors.find(({ metadata }) => metadata.name === candidate);
    return executor !== undefined && lostIn(executor, time) > 0;
  });
  return executors.find(({ metadata }) => metadata.name === name);
}

/** Why the Executor takes nothing now, or undefined. */
function problemOf(executor: Executor, now: number): string | undefined {
  if (executor.metadata.deletionTimestamp !== undefined) return 'is being deleted';
  if (executor.spec.unschedulable === true) return 'is unschedulable';
  const ready = findCondition(executor.status?.conditions, 'Ready');
  if (ready?.status !== 'True') return ready === undefined ? 'has not reported yet' : 'is not ready';
  return heartbeatAge(executor, now) > HEARTBEAT_FRESH_MS ? 'has stopped reporting' : undefined;
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
  return from + EXECUTOR_LOST_MS - time.now;
}

function roomOf(executor: Executor, { talks, load }: BindingInput): number {
  return capacityFor(executor, talks) - (load.get(executor.metadata.name) ?? 0);
}

function isBetter(a: Executor, b: Executor, load: ReadonlyMap<string, number>): boolean {
  const byPriority = (a.spec.priority ?? 0) - (b.spec.priority ?? 0);
  if (byPriority !== 0) return byPriority > 0;
  const byLoad = (load.get(a.metadata.name) ?? 0) - (load.get(b.metadata.name) ?? 0);
  return byLoad === 0 ? a.metadata.name < b.metadata.name : byLoad < 0;
}

function noExecutor({ executors, time }: BindingInput, home: Executor | undefined): Binding {
  if (home !== undefined) {
    const recheckAfter = lostIn(home, time);
    return {
      outcome: 'wait',
      reason: 'NoExecutor',
      message: `Executor ${home.metadata.name}, which has the files of the Task, ${problemOf(home, time.now) ?? ''}.${ownWords([home])}`,
      ...(Number.isFinite(recheckAfter) ? { recheckAfter: Math.max(recheckAfter, 0) } : {}),
    };
  }
  const problems = executors.map((executor) => problemOf(executor, time.now) ?? '');
  const counts = [...new Set(problems)].sort().map((problem) => {
    const count = problems.filter((other) => other === problem).length;
    return `${count} ${problem}`;
  });
  const message =
    executors.length === 0
      ? 'There is no Executor; start an executor manager.'
      : `None of ${executors.length} Executors can be used: ${counts.join(', ')}.${ownWords(executors)}`;
  return { outcome: 'wait', reason: 'NoExecutor', message };
}

/** More would hide the first. */
const MOST_WORDS = 3;

/** Why they are not ready, as they say it themselves: what a person can do about it stands there. */
function ownWords(executors: readonly Executor[]): string {
  const words = executors.flatMap(({ metadata, status }) => {
    const ready = findCondition(status?.conditions, 'Ready');
    return ready?.status === 'False' && ready.message !== '' ? [` ${metadata.name}: ${ready.message}`] : [];
  });
  return words.slice(0, MOST_WORDS).join('');
}

function noCapacity(
  usable: readonly Executor[],
  { load, talks }: BindingInput,
  home: Executor | undefined,
): Binding {
  const used = usable.reduce((sum, executor) => sum + (load.get(executor.metadata.name) ?? 0), 0);
  const capacity = usable.reduce((sum, executor) => sum + capacityFor(executor, talks), 0);
  const places =
    usable.some(({ status }) => status?.capacity?.conversations) && talks ? 'conversations' : 'Sandboxes';
  const which =
    home === undefined
      ? `${usable.length === 1 ? 'The only usable Executor is' : `All ${usable.length} usable Executors are`} full`
      : `Executor ${home.metadata.name}, which has the files of the Task, is full`;
  return {
    outcome: 'wait',
    reason: 'NoCapacity',
    message: `${which}: ${used} of ${capacity} ${places} in use.`,
  };
}

export interface LoadInput {
  executors: readonly Executor[];
  /** See BindingInput. */
  talks: boolean;
  /** Bound and unfinished, as the cache shows them. */
  active: (executorName: string) => readonly Sandbox[];
  /** Bindings that the cache does not show yet. */
  assumed: ReadonlyMap<string, Needs>;
}

/** Bound and unfinished Sandboxes per Executor that take of the same room. */
export function loadOf({ executors, talks, active, assumed }: LoadInput): Map<string, number> {
  return new Map(
    executors.map((executor) => {
      const { name } = executor.metadata;
      const counted = [needsOf(active(name)), assumed.get(name) ?? { talking: 0, others: 0 }];
      return [name, counted.reduce((sum, needs) => sum + takenFor(executor, talks, needs), 0)];
    }),
  );
}

/**
 * Executors that have files which the Sandbox goes on with, in the order in which it would take them; `ofTask` are all
 * Sandboxes of the Task. One that begins with a clone of its own, or with nothing, is free to go anywhere.
 */
export function earlierExecutors({ spec }: Sandbox, ofTask: readonly Sandbox[]): string[] {
  if (isConversation(spec)) return [];
  if (spec.node === undefined) {
    // Those of versions before graphs go on with whatever the Task has.
    return spec.workspace === undefined ? [] : ofTask.flatMap((other) => other.spec.executorName ?? []);
  }
  const executors = new Map(ofTask.map((other) => [other.metadata.uid, other.spec.executorName]));
  return (spec.continueFrom ?? []).flatMap(({ uid }) => executors.get(uid) ?? []);
}
