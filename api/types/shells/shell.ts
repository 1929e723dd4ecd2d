import type { NewCondition } from '../../machinery/condition.ts';
import type { ShellType } from './shell-types.ts';
import { notReady, ready } from '../ready.ts';

/** Where the Shells are that everybody may refer to, as `baseShellRef` of a Shell does by the name alone. */
export const PUBLIC_NAMESPACE = 'system';

/**
 * The Shells that each server has there, named like their type, with the label `type` of compatible installations. Types
 * that start a program of the user's choice have none: there is nothing to say in advance.
 */
export const PUBLIC_SHELLS: readonly { shellType: ShellType; label: string }[] = [
  { shellType: 'ClaudeCode', label: 'local_engine' },
  { shellType: 'Agno', label: 'local_engine' },
  { shellType: 'Codex', label: 'local_engine' },
  { shellType: 'Dify', label: 'external_api' },
  { shellType: 'Chat', label: 'direct_chat' },
];

/** Reasons of a Shell. */
export const ShellReason = {
  /** Ready=True: agents can run in this Shell. */
  Valid: 'Valid',
  /** Ready=False: neither shellType nor runtime is given. */
  ShellTypeMissing: 'ShellTypeMissing',
  /** Ready=False: shellType and runtime are both given and differ. */
  ConflictingShellType: 'ConflictingShellType',
  /** Ready=False: options, or the patterns of output.lines, make no sense for this type. */
  InvalidOptions: 'InvalidOptions',
  /** Ready=False: there is a credential in env, command or options, where everybody who sees Tasks could read it. */
  CredentialInShell: 'CredentialInShell',
  /** Ready=False: baseImage is not the name of an image. */
  InvalidImage: 'InvalidImage',
  /** Ready=False: baseShellRef names a Shell that does not exist. */
  BaseShellNotFound: 'BaseShellNotFound',
  /** Ready=False: baseImage cannot be had or not be used; the condition ImageReady says why. */
  ImageNotUsable: 'ImageNotUsable',
} as const;

export const ShellCondition = {
  Ready: 'Ready',
  /** True when agents can work in the image that baseImage names; absent without one. */
  ImageReady: 'ImageReady',
} as const;

/** Reasons of ImageReady; Unknown also has those of the Sandbox that checks it, such as Pulling and NoExecutor. */
export const ShellImageReason = {
  /** True. */
  Checked: 'Checked',
  /** False: it does not start, or lacks the program. */
  NotUsable: 'NotUsable',
  /** False: it cannot be had from its registry, or is for other processors. */
  ErrImagePull: 'ErrImagePull',
  /** Unknown: the check itself failed; another one is made. */
  CheckFailed: 'CheckFailed',
} as const;

/** Why a Shell is not ready. */
export type ShellNotReadyReason = Exclude<(typeof ShellReason)[keyof typeof ShellReason], 'Valid'>;

export function shellReady(message = 'The Shell can be used.'): NewCondition {
  return ready(ShellReason.Valid, message);
}

/** Names the field or the missing object in `message`. */
export function shellNotReady(reason: ShellNotReadyReason, message: string): NewCondition {
  return notReady(reason, message);
}
