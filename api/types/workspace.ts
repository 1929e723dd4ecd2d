import type { NewCondition } from '../machinery/condition.ts';
import { notReady, ready } from './ready.ts';

/** Reasons of a Workspace. */
export const WorkspaceReason = {
  /** Ready=True: the repository can be cloned as far as one can tell without trying. */
  Valid: 'Valid',
  /** Ready=False: gitUrl is not an address git can clone from. */
  InvalidGitUrl: 'InvalidGitUrl',
  /** Ready=False: branchName is not a valid name of a branch. */
  InvalidBranchName: 'InvalidBranchName',
  /** Ready=False: secretRef names a Secret that does not exist. */
  SecretNotFound: 'SecretNotFound',
  /** Ready=False: the Secret lacks username or password. */
  SecretKeyMissing: 'SecretKeyMissing',
} as const;

/** Why a Workspace is not ready. */
export type WorkspaceNotReadyReason = Exclude<
  (typeof WorkspaceReason)[keyof typeof WorkspaceReason],
  'Valid'
>;

export function workspaceReady(): NewCondition {
  return ready(WorkspaceReason.Valid, 'The Workspace can be used.');
}

/** Names the field or the missing object in `message`. */
export function workspaceNotReady(reason: WorkspaceNotReadyReason, message: string): NewCondition {
  return notReady(reason, message);
}
