import type { NewCondition } from '#api/machinery/condition';
import type { Workspace } from '#api/types/generated/workspace';
import { WorkspaceReason, neededGitKeys, workspaceNotReady, workspaceReady } from '#api/types/workspace';
import {
  branchNameProblem,
  gitURLProblem,
  refProblem,
  shownGitURL,
  subPathProblem,
} from '#api/types/git-address';

/** What the controller knows of a Secret: which keys have a value. The values stay out of plans. */
export interface SecretKeys {
  keys: ReadonlySet<string>;
}

/** `secret` is what secretRef names, undefined when there is no such Secret. */
export function planWorkspace(workspace: Workspace, secret: SecretKeys | undefined): NewCondition {
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
  const needed = neededGitKeys(workspace.spec.repository.gitUrl);
  if (needed.length === 0 || needed.some((key) => secret.keys.has(key))) return undefined;
  const keys = needed.map((key) => `"${key}"`).join(' or ');
  return workspaceNotReady(
    WorkspaceReason.SecretKeyMissing,
    `spec.repository.secretRef: ${shown} has no value under ${keys}, which the address needs.`,
  );
}
