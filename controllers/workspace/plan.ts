import type { NewCondition } from '#api/machinery/condition';
import type { Workspace } from '#api/types/generated/workspace';
import { WorkspaceReason, workspaceNotReady, workspaceReady } from '#api/types/workspace';
import { branchNameProblem, gitURLProblem } from './git-address.ts';

/** What the controller knows of a Secret: which keys have a value. The values stay out of plans. */
export interface SecretKeys {
  keys: ReadonlySet<string>;
}

/** `secret` is what secretRef names, undefined when there is no such Secret. */
export function planWorkspace(workspace: Workspace, secret: SecretKeys | undefined): NewCondition {
  const { gitUrl, branchName } = workspace.spec.repository;
  const urlProblem = gitURLProblem(gitUrl);
  if (urlProblem !== undefined) {
    // What cannot be parsed may hold a password all the same; only a credential has need of an "@".
    const shown = gitUrl.includes('@') ? '' : ` "${gitUrl}"`;
    return workspaceNotReady(WorkspaceReason.InvalidGitUrl, `spec.repository.gitUrl:${shown} ${urlProblem}.`);
  }
  const branchProblem = branchNameProblem(branchName);
  if (branchProblem !== undefined) {
    return workspaceNotReady(
      WorkspaceReason.InvalidBranchName,
      `spec.repository.branchName: "${branchName}" ${branchProblem}.`,
    );
  }
  return planSecret(workspace, secret) ?? workspaceReady();
}

function planSecret(workspace: Workspace, secret: SecretKeys | undefined): NewCondition | undefined {
  const ref = workspace.spec.repository.secretRef;
  if (ref === undefined) return undefined;
  const shown = `Secret "${workspace.metadata.namespace ?? ''}/${ref.name}"`;
  if (secret === undefined) {
    return workspaceNotReady(
      WorkspaceReason.SecretNotFound,
      `spec.repository.secretRef: ${shown} not found.`,
    );
  }
  const missing = ['username', 'password'].find((key) => !secret.keys.has(key));
  return missing === undefined
    ? undefined
    : workspaceNotReady(
        WorkspaceReason.SecretKeyMissing,
        `spec.repository.secretRef: ${shown} has no value under "${missing}".`,
      );
}
