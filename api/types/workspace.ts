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
  /** Ready=False: ref is neither a valid name nor a commit id. */
  InvalidRef: 'InvalidRef',
  /** Ready=False: subPath leads out of the repository. */
  InvalidSubPath: 'InvalidSubPath',
  /** Ready=False: secretRef names a Secret that does not exist. */
  SecretNotFound: 'SecretNotFound',
  /** Ready=False: the Secret has no key that fits the address; see neededGitKeys. */
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

/** Keys of a Secret with a credential for git. */
export const GIT_SECRET_KEY = {
  username: 'username',
  password: 'password',
  /** The same as password: an access token is one. */
  token: 'token',
  /** As in Secrets of type kubernetes.io/ssh-auth. */
  privateKey: 'ssh-privatekey',
  knownHosts: 'known_hosts',
} as const;

/**
 * The keys of which a Secret has to have one to be of use for the address: none for git and file, which know no
 * credentials.
 */
export function neededGitKeys(gitUrl: string): readonly string[] {
  if (/^https?:/i.test(gitUrl)) return [GIT_SECRET_KEY.password, GIT_SECRET_KEY.token];
  // `user@host:path` is ssh too.
  return /^ssh:/i.test(gitUrl) || !gitUrl.includes('://') ? [GIT_SECRET_KEY.privateKey] : [];
}
