import type { NewCondition } from '../machinery/condition.ts';
import { notReady, ready } from './ready.ts';

/** Reasons of a Shell. */
export const ShellReason = {
  /** Ready=True: agents can run in this Shell. */
  Valid: 'Valid',
  /** Ready=False: no adapter for this type of shell is in this version. */
  UnsupportedShellType: 'UnsupportedShellType',
  /** Ready=False: shellType and runtime are both given and differ. */
  ConflictingShellType: 'ConflictingShellType',
  /** Ready=False: baseImage is not the name of an image. */
  InvalidImage: 'InvalidImage',
  /** Ready=False: baseShellRef names a Shell that does not exist. */
  BaseShellNotFound: 'BaseShellNotFound',
} as const;

/** Why a Shell is not ready. */
export type ShellNotReadyReason = Exclude<(typeof ShellReason)[keyof typeof ShellReason], 'Valid'>;

export function shellReady(): NewCondition {
  return ready(ShellReason.Valid, 'The Shell can be used.');
}

/** Names the field or the missing object in `message`. */
export function shellNotReady(reason: ShellNotReadyReason, message: string): NewCondition {
  return notReady(reason, message);
}
