import type { NewCondition } from '#api/machinery/condition';
import type { Workspace } from '#api/types/generated/workspace';
import { WorkspaceReason, workspaceNotReady, workspaceReady } from '#api/types/workspace';
import {
  branchNameProblem,
  gitURLProblem,
  refProblem,
  shownGitURL,
  subPathProblem,
} from '#api/types/git-address';
import { gitSecretProblem } from '#api/types/git-secret';

/** `secretKeys` are those with a value of the Secret that secretRef names, undefined when there is no such Secret. */
export function planWorkspace(
  workspace: Workspace,
  secretKeys: ReadonlySet<string> | undefined,
): NewCondition {
  const { gitUrl, branchName, ref, subPath } = workspace.spec.repository;
  const urlProblem = gitURLProblem(gitUrl);
  if (urlProblem !== undefined) {
    const shown = shownGitURL(gitUrl);
    return workspaceNotReady(WorkspaceReason.InvalidGitUrl, `spec.repository.gitUrl:${shown} ${urlProblem}.`);
  }
  const branchProblem = branchNameProblem(branchName);
  if (branchProblem !== undefined) {
    return workspaceNotReady(
      WorkspaceReason.InvalidBranchName,
      `spec.repository.branchName: "${branchName}" ${branchProblem}.`,
    );
  }
  const badRef = ref === undefined ? undefined : refProblem(ref);
  if (badRef !== undefined) {
    return workspaceNotReady(WorkspaceReason.InvalidRef, `spec.repository.ref: "${ref}" ${badRef}.`);
  }
  const badPath = subPath === undefined ? undefined : subPathProblem(subPath);
  if (badPath !== undefined) {
    return workspaceNotReady(
      WorkspaceReason.InvalidSubPath,
      `spec.repository.subPath: "${subPath}" ${badPath}.`,
    );
  }
  return planSecret(workspace, secretKeys) ?? workspaceReady();
}

function planSecret(
  { metadata, spec }: Workspace,
  keys: ReadonlySet<string> | undefined,
): NewCondition | undefined {
  const { gitUrl, secretRef } = spec.repository;
  if (secretRef === undefined) return undefined;
  const place = `${metadata.namespace ?? ''}/${secretRef.name}`;
  const problem = gitSecretProblem(gitUrl, { field: 'spec.repository.secretRef', place, keys });
  return problem && workspaceNotReady(problem.reason, problem.message);
}
