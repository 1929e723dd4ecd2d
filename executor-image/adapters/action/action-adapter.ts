import type { RunRequest } from '#executor-manager/protocol/run';
import { RunFailure } from '../../run-failure.ts';
import type { AdapterContext, AgentAdapter, AgentRequest } from '../adapter.ts';
import type { ActionResult } from './action-result.ts';

/**
 * A fixed action in place of an agent: a script, one HTTP request, or one call of a tool. Nobody is asked, so an output
 * that does not fit its schema is final.
 */
export function actionAdapter({ action, agent }: Pick<RunRequest, 'action' | 'agent'>): AgentAdapter {
  return {
    capabilities: {
      files: action?.script !== undefined || Object.values(agent.mcpServers ?? {}).some(isProgram),
      modelProtocols: [],
      session: 'none',
      steer: false,
      interrupt: false,
      permissions: false,
      output: 'fixed',
      images: false,
      skills: 'listed',
      usage: 'none',
      reportsToolCalls: false,
    },
    run: act,
  };
}

/** A server without an address is started (tools/server-configuration.ts). */
function isProgram(server: unknown): boolean {
  const { url, base_url: baseURL, serverUrl } = (server ?? {}) as Record<string, unknown>;
  return url === undefined && baseURL === undefined && serverUrl === undefined;
}

async function act({ action = {} }: AgentRequest, context: AdapterContext): Promise<ActionResult> {
  const { script, http, mcp } = action;
  // Each is loaded when it is needed: runs of agents need none.
  if (script !== undefined) return (await import('./script.ts')).runScript(script, context);
  if (http !== undefined) return (await import('./http-call.ts')).callService(http, context);
  if (mcp !== undefined) return (await import('./tool-call.ts')).callTool(mcp, context);
  throw new RunFailure('StartFailed', 'the action is none that this image knows');
}
