import type {
  PermissionOption,
  RequestPermissionRequest,
  RequestPermissionResponse,
  ToolKind,
} from '@agentclientprotocol/sdk';
import type { ToolLevel } from '#executor-manager/protocol/run';
import type { AdapterContext } from '../adapter.ts';
import { inputOf, toolName } from './update-teller.ts';

const READ_ONLY: ReadonlySet<ToolKind> = new Set(['read', 'search', 'think']);

/** The answer to an agent that asks whether it may use a tool. Rejects with the signal's reason. */
export async function permissionAnswer(
  { toolCall, options }: RequestPermissionRequest,
  { permissions, signal }: Pick<AdapterContext, 'permissions' | 'signal'>,
): Promise<RequestPermissionResponse> {
  const call = { tool: toolName(toolCall), input: inputOf(toolCall), level: levelOf(toolCall.kind) };
  const { behavior } = await permissions.decide(call, signal);
  // Once, and not always: the policy decides each time.
  const wanted = behavior === 'allow' ? ['allow_once', 'allow_always'] : ['reject_once', 'reject_always'];
  const option = firstOf(options, wanted);
  if (option === undefined) return { outcome: { outcome: 'cancelled' } };
  return { outcome: { outcome: 'selected', optionId: option.optionId } };
}

/** The kind is the agent's own word; it makes a tool less restricted only where it claims to read. */
function levelOf(kind: ToolKind | null | undefined): ToolLevel {
  return kind !== undefined && kind !== null && READ_ONLY.has(kind) ? 'readOnly' : 'privileged';
}

function firstOf(
  options: readonly PermissionOption[],
  kinds: readonly string[],
): PermissionOption | undefined {
  for (const kind of kinds) {
    const found = options.find((option) => option.kind === kind);
    if (found !== undefined) return found;
  }
  return undefined;
}
