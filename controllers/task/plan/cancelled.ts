import type { Task } from '#api/types/generated/task';

/** Whether the Task is being stopped. One that has begun to stop does not go on, whatever becomes of spec.cancel. */
export function isBeingCancelled({ spec, status }: Task): boolean {
  return spec.cancel === true || status?.status === 'CANCELLING';
}
