import type { CollaborationStepAction } from '../generated/collaboration.ts';
import type { SandboxAction } from '../generated/sandbox.ts';
import type { ServerReference } from '../mcp-server.ts';

/** An action as a step of a workflow has it. */
export type StepAction = CollaborationStepAction;

/** The MCPServer that an action calls; `namespace` is that of its Collaboration. */
export function serverOfAction({ mcp }: StepAction, namespace: string): ServerReference | undefined {
  return mcp === undefined ? undefined : { namespace, ...mcp.serverRef };
}

/**
 * The action of a Sandbox. All that it names is in the namespace of its Collaboration, whose author may use it, and not in
 * that of the Task: a Team of another namespace could otherwise have a Secret sent away that its author may not read.
 * @param entryOf the MCPServer as an entry of `mcpServers` (serverEntry)
 */
export function sandboxAction(
  { script, http, mcp }: StepAction,
  namespace: string,
  entryOf: (server: ServerReference) => Record<string, unknown>,
): SandboxAction {
  return {
    ...(script === undefined ? {} : { script: pinnedScript(script, namespace) }),
    ...(http === undefined ? {} : { http: pinnedCall(http, namespace) }),
    ...(mcp === undefined ? {} : { mcp: toolCall(mcp, namespace, entryOf) }),
  };
}

function pinnedScript(
  { imagePullSecrets, ...script }: NonNullable<StepAction['script']>,
  namespace: string,
): SandboxAction['script'] & object {
  if (imagePullSecrets === undefined) return script;
  return { ...script, imagePullSecrets: imagePullSecrets.map((secret) => ({ namespace, ...secret })) };
}

function pinnedCall(
  { headers, ...call }: NonNullable<StepAction['http']>,
  namespace: string,
): SandboxAction['http'] & object {
  if (headers === undefined) return call;
  return {
    ...call,
    headers: headers.map(({ valueFrom, ...header }) => {
      if (valueFrom === undefined) return header;
      const { secretKeyRef, ...rest } = valueFrom;
      return { ...header, valueFrom: { ...rest, secretKeyRef: { namespace, ...secretKeyRef } } };
    }),
  };
}

function toolCall(
  { serverRef, tool, arguments: given }: NonNullable<StepAction['mcp']>,
  namespace: string,
  entryOf: (server: ServerReference) => Record<string, unknown>,
): SandboxAction['mcp'] & object {
  return {
    serverName: serverRef.name,
    server: entryOf({ namespace, ...serverRef }),
    tool,
    ...(given === undefined ? {} : { arguments: given }),
  };
}
