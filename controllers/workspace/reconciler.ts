import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { objectKey } from '#api/machinery/meta';
import type { Workspace } from '#api/types/generated/workspace';
import { withReady } from '#api/types/ready';
import { WORKSPACES } from '#api/types/resources';
import type { Secret } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';
import type { EventSink } from '../runtime/controller-context.ts';
import { readyEvent } from '../runtime/ready-event.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import { planWorkspace } from './plan.ts';
import type { SecretKeys } from './plan.ts';

export interface WorkspaceReconcilerOptions {
  workspaces: { get(key: string): Workspace | undefined };
  secrets: { get(key: string): Secret | undefined };
  client: Pick<Client, 'updateStatus'>;
  recorder: EventSink;
  clock: Clock;
}

/** Says in its status whether a Workspace can be used. */
export function workspaceReconciler({
  workspaces,
  secrets,
  client,
  recorder,
  clock,
}: WorkspaceReconcilerOptions): Reconcile {
  return async (key) => {
    const workspace = workspaces.get(key);
    if (workspace === undefined || workspace.metadata.deletionTimestamp !== undefined) return;
    const at = { now: formatTime(clock.now()), generation: workspace.metadata.generation };
    const status = withReady(workspace.status, planWorkspace(workspace, secretKeys(workspace, secrets)), at);
    const written = await writeStatus(client, WORKSPACES, { object: workspace, status });
    const event = readyEvent(workspace, written);
    if (event !== undefined) recorder.event(workspace, event);
  };
}

function secretKeys(
  workspace: Workspace,
  secrets: WorkspaceReconcilerOptions['secrets'],
): SecretKeys | undefined {
  const ref = workspace.spec.repository.secretRef;
  if (ref === undefined) return undefined;
  const secret = secrets.get(objectKey({ namespace: workspace.metadata.namespace, name: ref.name }));
  if (secret === undefined) return undefined;
  const filled = Object.entries(secret.data ?? {}).filter(([, value]) => value !== '');
  return { keys: new Set(filled.map(([key]) => key)) };
}
