import { badRequest } from '#api/machinery/status-error';
import type { Sandbox } from '#api/types/generated/sandbox';

/**
 * The uid of a Sandbox's Task. Folders and volumes are named by it, and whoever may create a Sandbox writes it, so
 * it must not lead anywhere else.
 * @throws StatusError BadRequest that names the field.
 */
export function taskUID({ spec }: Pick<Sandbox, 'spec'>): string {
  const { uid } = spec.taskRef;
  if (/^[A-Za-z0-9][A-Za-z0-9-]{0,127}$/.test(uid)) return uid;
  throw badRequest(`spec.taskRef.uid must be the uid of a Task, not "${uid.slice(0, 128)}"`);
}
