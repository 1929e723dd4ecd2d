import type { Clock } from '../../machinery/clock.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { Sandbox } from '../../types/generated/sandbox.ts';
import { isFinalPhase, previousAttempt } from '../../types/sandboxes/sandbox.ts';
import type { TaskEvent } from '../../types/tasks/task-event.ts';
import type { Store } from '../../storage/contract/store.ts';
import { getObject } from '../get.ts';
import type { Target } from '../resource.ts';
import { Endings } from './endings.ts';
import { readLog } from './read-log.ts';
import type { LogReader } from './read-log.ts';

/** The part that one Sandbox has in the log of its Task. Failures are StatusErrors. */
export interface SandboxLogs {
  /**
   * Reads the events of the Sandbox (`target` names it as a Sandbox, or as a Pod). With `follow` it goes on until the
   * Sandbox has ended. `previous`: of the attempt at its node before. Undefined where there was no such attempt.
   * @throws StatusError NotFound
   */
  reader(target: Target, options: { previous: boolean }): Promise<LogReader | undefined>;
}

export interface SandboxLogsOptions {
  store: Pick<Store, 'get' | 'list' | 'log' | 'watch'>;
  clock: Clock;
}

export function createSandboxLogs({ store, clock }: SandboxLogsOptions): SandboxLogs {
  const endings = new Endings({ store, hasEnded });
  return {
    async reader(target, { previous }) {
      const { object } = await getObject({ store }, target);
      const sandbox = object as unknown as Sandbox;
      const source = previous ? previousAttempt(sandbox) : object.metadata.name;
      if (source === undefined) return undefined;
      const taskUID = sandbox.spec.taskRef?.uid;
      // A probe has no log.
      if (taskUID === undefined) return () => nothing();
      // The attempt before has ended.
      const isOver = previous ? (): boolean => true : hasEnded;
      const parts = { store, clock, endings, hasEnded: isOver };
      return (query) => ofSource(readLog(parts, { taskUID, target, object, ...query }), source);
    },
  };
}

const hasEnded = (sandbox: Unstructured): boolean =>
  isFinalPhase((sandbox as unknown as Sandbox).status?.phase);

async function* nothing(): AsyncGenerator<readonly TaskEvent[]> {}

/** The notices of the server (LogReader) are for everybody. */
async function* ofSource(
  pages: AsyncIterable<readonly TaskEvent[]>,
  source: string,
): AsyncGenerator<readonly TaskEvent[]> {
  for await (const page of pages) {
    const own = page.filter((event) => event.source === source || event.sourceSeq === 0);
    if (own.length > 0) yield own;
  }
}
