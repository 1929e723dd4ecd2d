import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { objectKey } from '#api/machinery/meta';
import type { Workspace } from '#api/types/generated/workspace';
import { filledKeys } from '#api/types/git-secret';
import { withReady } from '#api/types/ready';
import { WORKSPACES } from '#api/types/resources';
import type { Secret } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { planWorkspace } from './plan.ts';

export interface WorkspaceReconcilerOptions {
  workspaces: { get(key: string): Workspace | undefined };
  secrets: { get(key: string): Secret | undefined };
  troubles: Troubles;
  clock: Clock;
}

/** Says in its status whether a Workspace can be used. */
export function workspaceReconciler({
  workspaces,
  secrets,
  troubles,
  clock,
}: WorkspaceReconcilerOptions): Reconcile<Pick<Client, 'updateStatus'>> {
  return async (key, { client }) => {
    const workspace = workspaces.get(key);
    if (workspace === undefined || workspace.metadata.deletionTimestamp !== undefined) {
      troubles.follow(key, undefined);
      return;
    }
    const at = { now: formatTime(clock.now()), generation: workspace.metadata.generation };
    const status = withReady(workspace.status, planWorkspace(workspace, secretKeys(workspace, secrets)), at);
    troubles.follow(key, await writeStatus(client, WORKSPACES, { object: workspace, status }));
  };
}

function secretKeys(
  workspace: Workspace,
  secrets: WorkspaceReconcilerOptions['secrets'],
): ReadonlySet<string> | undefined {
  const ref = workspace.spec.repository.secretRef;
  if (ref === undefined) return undefined;
  const secret = secrets.get(objectKey({ namespace: workspace.metadata.namespace, name: ref.name }));
  return secret && filledKeys(secret);
}
