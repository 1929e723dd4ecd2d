import { badRequest } from '#api/machinery/status-error';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { RunSandbox } from '#api/types/sandboxes/sandbox';
import { isRuntimeID } from '../drivers/driver.ts';
import { isPlainName } from '../kept-files.ts';
import type { NodeKey } from '../places/node-turns.ts';

/** The node of its Task that a Sandbox is an attempt at. One of an older version names only its step. */
export function nodeOf({ spec }: Pick<RunSandbox, 'spec'>): NodeKey {
  return { taskUID: spec.taskRef.uid, node: spec.node ?? `s${spec.step}` };
}

/** The runtime that a Sandbox is assigned to; undefined for what an older version has written, and before its claim. */
export function runtimeOf({ status }: Pick<Sandbox, 'status'>): string | undefined {
  return isRuntimeID(status?.runtimeID) ? status.runtimeID : undefined;
}

/**
 * Folders are named by the uid of a Sandbox's Task, and whoever may create a Sandbox writes it, so it must not lead
 * anywhere else. @throws StatusError BadRequest that names the field.
 */
export function checkTaskUID({ spec }: Pick<RunSandbox, 'spec'>): void {
  const { uid } = spec.taskRef;
  if (isPlainName(uid)) return;
  throw badRequest(`spec.taskRef.uid must be the uid of a Task, not "${uid.slice(0, 128)}"`);
}
