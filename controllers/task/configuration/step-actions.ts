import type { SandboxAction } from '#api/types/generated/sandbox';
import type { Collaboration } from '#api/types/generated/collaboration';
import type { MCPServer } from '#api/types/generated/mcpserver';
import { serverEntry } from '#api/types/mcp-server';
import type { ServerReference } from '#api/types/mcp-server';
import { sandboxAction, serverOfAction } from '#api/types/tasks/step-action';
import type { StepAction } from '#api/types/tasks/step-action';
import { allSteps, workflowOf } from '#workflows/workflow';
import type { Step } from '#workflows/workflow';
import type { StepActions } from '../unfold/workflow/workflow-program.ts';

/** Where MCPServers are found. */
interface Servers {
  mcpServer(place: ServerReference): MCPServer | undefined;
}

/** The actions of a Collaboration, or a sentence that says what is missing. */
export function stepActions({ metadata, spec }: Collaboration, configuration: Servers): StepActions | string {
  const namespace = metadata.namespace ?? '';
  const found: Record<string, SandboxAction> = {};
  for (const { step } of allSteps(workflowOf(spec).steps, '')) {
    const action =
      step.action === undefined ? undefined : complete(step, step.action, { namespace, configuration });
    if (typeof action === 'string') return action;
    if (action !== undefined) found[step.name] = action;
  }
  return found;
}

function complete(
  { name }: Step,
  action: StepAction,
  { namespace, configuration }: { namespace: string; configuration: Servers },
): SandboxAction | string {
  const place = serverOfAction(action, namespace);
  const server = place === undefined ? undefined : configuration.mcpServer(place);
  if (place !== undefined && server === undefined)
    return `Step "${name}": MCPServer "${place.namespace}/${place.name}" not found.`;
  return sandboxAction(action, namespace, () => (server === undefined ? {} : serverEntry(server, true)));
}
