import type { Task, TaskTransition } from '../generated/task.ts';

/** The states that an address is told of unless the Task names others. */
const DEFAULT_STATES: readonly string[] = ['COMPLETED', 'FAILED', 'CANCELLED'];

/** The first state that the callback of the Task has not been told of yet; undefined where there is nothing to tell. */
export function nextTold({ spec, status }: Pick<Task, 'spec' | 'status'>): TaskTransition | undefined {
  if (spec.callback === undefined) return undefined;
  const events: readonly string[] = spec.callback.events ?? DEFAULT_STATES;
  const delivered = status?.callback?.delivered ?? 0;
  return status?.transitions?.find((one) => one.sequence > delivered && events.includes(one.status));
}

/** Whether the address was tried so often that only a change of the spec has it tried again. */
export function isGivenUp({ metadata, status }: Pick<Task, 'metadata' | 'status'>): boolean {
  const { givenUpGeneration } = status?.callback ?? {};
  return givenUpGeneration !== undefined && givenUpGeneration >= (metadata.generation ?? 0);
}
