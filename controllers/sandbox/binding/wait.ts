import { findCondition } from '#api/machinery/condition';
import type { Executor } from '#api/types/generated/executor';
import type { Demand } from './demand.ts';
import { capacityFor, takenFor } from './room.ts';
import type { Needs } from './room.ts';

/** Why a Sandbox is not bound. */
export interface Wait {
  outcome: 'wait';
  reason: 'NoExecutor' | 'NoCapacity' | 'QuotaExceeded';
  message: string;
  /** Milliseconds until time alone may change the answer. */
  recheckAfter?: number;
}

/** The Executor that has its files cannot be used. */
export function noHome(home: Executor, problem: string, recheckAfter: number): Wait {
  return {
    outcome: 'wait',
    reason: 'NoExecutor',
    message: `Executor ${home.metadata.name}, which has the files of the Task, ${problem}.${ownWords([home])}`,
    ...(Number.isFinite(recheckAfter) ? { recheckAfter: Math.max(recheckAfter, 0) } : {}),
  };
}

/** @param problems of the Executors, one each */
export function noExecutor(executors: readonly Executor[], problems: readonly string[]): Wait {
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

export function noCapacity(
  usable: readonly Executor[],
  { demand: { talks }, load }: { demand: Demand; load: (executorName: string) => Needs },
  home: Executor | undefined,
): Wait {
  const used = usable.reduce(
    (sum, executor) => sum + takenFor(executor, talks, load(executor.metadata.name)),
    0,
  );
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
