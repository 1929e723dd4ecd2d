import type { RunRequest } from '#executor-manager/protocol/run';
import type { RunnerAddresses } from '#executor-manager/protocol/runner-environment';
import type { AdapterContext, AgentAdapter, AgentRequest, ToolServer } from '../adapters/adapter.ts';
import type { EventSink } from '../events/event-sink.ts';
import type { Redactor } from '../events/redact.ts';

export interface WithToolsOptions {
  request: RunRequest;
  adapter: AgentAdapter;
  context: AdapterContext;
  /** Those of the run: what a server says of itself is no sign of life of the agent. */
  events: EventSink;
  redactor: Pick<Redactor, 'text'>;
  /** Folder of the runtime's workspace. */
  workspace: string;
  /** As in RunnerConfig. */
  addresses?: RunnerAddresses;
  /** Told at the end: sentences for people. */
  onWarnings: (warnings: readonly string[]) => void;
}

/**
 * Gives the agent its MCP servers for as long as it works. Throws RunFailure ToolServerFailed for a server that it cannot
 * do without.
 */
export async function withTools<T>(
  { request, adapter, context, events, redactor, workspace, addresses, onWarnings }: WithToolsOptions,
  act: (toolServers: readonly ToolServer[]) => Promise<T>,
): Promise<T> {
  const servers = request.agent.mcpServers ?? {};
  if (Object.keys(servers).length === 0) return act([]);
  // Loaded when it is needed: it is larger than the rest of the runner.
  const { openToolGate } = await import('../tools/tool-gate.ts');
  const { folder, environment, runId, signal, clock, permissions, meter } = context;
  const gate = await openToolGate({
    ...{ servers, folder, environment, runId, signal, clock, permissions, meter, events },
    // A conversation shares its folders with others.
    ...(addresses === undefined ? { workspace } : {}),
    clean: (text) => redactor.text(text),
    startsPrograms: adapter.capabilities.files,
    ...(addresses && { addresses }),
    tellsCalls: adapter.capabilities.reportsToolCalls === false,
  });
  try {
    return await act(gate.servers);
  } finally {
    await gate.close();
    onWarnings(gate.warnings());
  }
}

/** The real addresses and headers are the gate's. */
export function withoutServers(request: AgentRequest): AgentRequest {
  const { mcpServers: _, ...agent } = request.agent;
  return { ...request, agent };
}
