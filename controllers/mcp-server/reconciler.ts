import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { replaceCondition } from '#api/machinery/condition';
import { objectKey } from '#api/machinery/meta';
import type { MCPServer, MCPServerStatus } from '#api/types/generated/mcpserver';
import type { Sandbox } from '#api/types/generated/sandbox';
import { MCPServerCondition, toolsConfirmed, valuesOf } from '#api/types/mcp-server';
import { withReady } from '#api/types/ready';
import { MCP_SERVERS, SANDBOXES } from '#api/types/resources';
import type { Secret } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';
import { createOnce, deleteOnce } from '../runtime/owned-objects.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { changedTools } from './listed-tools.ts';
import { planMCPServer } from './plan.ts';
import type { MCPServerPlan } from './plan.ts';

export interface MCPServerReconcilerOptions {
  servers: { get(key: string): MCPServer | undefined };
  secrets: { get(key: string): Secret | undefined };
  sandboxesOf: (uid: string) => readonly Sandbox[];
  troubles: Troubles;
  clock: Clock;
}

type Write = Pick<Client, 'updateStatus' | 'create' | 'delete'>;

/** Has a server checked in a sandbox, and says in its status what was found. Opens no connection itself. */
export function mcpServerReconciler(options: MCPServerReconcilerOptions): Reconcile<Write> {
  const { servers, sandboxesOf, troubles, clock } = options;
  return async (key, { client }) => {
    const server = servers.get(key);
    if (server === undefined || server.metadata.deletionTimestamp !== undefined) {
      troubles.follow(key, undefined);
      return undefined;
    }
    const now = clock.now();
    const sandboxes = sandboxesOf(server.metadata.uid ?? '');
    const plan = planMCPServer({ server, ...secretsOf(server, options.secrets), sandboxes, now });
    const status = statusOf(server, plan, now);
    // Before anything is deleted: what a check has found must not be lost with it.
    troubles.follow(key, await writeStatus(client, MCP_SERVERS, { object: server, status }));
    const { create, remove, recheckAfter } = plan.probe;
    await deleteOnce(client, SANDBOXES, remove);
    if (create !== undefined) await createOnce(client, SANDBOXES, create);
    return recheckAfter === undefined ? undefined : { requeueAfter: recheckAfter };
  };
}

function statusOf(server: MCPServer, { ready, status }: MCPServerPlan, now: number): MCPServerStatus {
  const at = { now: formatTime(now), generation: server.metadata.generation };
  const found = ready === undefined ? status : withReady(status, ready, at);
  const { tools: confirmed = [] } = server.spec;
  const next =
    confirmed.length === 0 || found.tools === undefined
      ? undefined
      : toolsConfirmed(changedTools(confirmed, found.tools));
  const { ToolsConfirmed: type } = MCPServerCondition;
  return { ...found, conditions: replaceCondition(found.conditions, { type, next }, at) };
}

function secretsOf(
  { metadata, spec }: MCPServer,
  secrets: MCPServerReconcilerOptions['secrets'],
): { missing: string[]; secretVersion: string } {
  const missing: string[] = [];
  const versions = new Set<string>();
  for (const { name, valueFrom } of valuesOf(spec)) {
    if (valueFrom === undefined) continue;
    const { name: secretName, key } = valueFrom.secretKeyRef;
    const secret = secrets.get(objectKey({ namespace: metadata.namespace, name: secretName }));
    if (secret === undefined) missing.push(`${name}: Secret "${secretName}" not found.`);
    else if (secret.data?.[key] === undefined)
      missing.push(`${name}: Secret "${secretName}" has no key "${key}".`);
    versions.add(secret?.metadata.resourceVersion ?? '');
  }
  return { missing, secretVersion: [...versions].join(',') };
}
