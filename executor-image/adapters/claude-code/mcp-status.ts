import { sleep } from '../../clock.ts';
import type { Clock } from '../../clock.ts';
import type { ControlChannel } from './control-channel.ts';

/** A server that takes longer is told as one that does not work. */
const LIMIT_MS = 30_000;
const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 500;

export interface McpServerState {
  name: string;
  status: string;
  error?: string;
}

export interface McpStatusOptions {
  channel: ControlChannel;
  clock: Clock;
  signal: AbortSignal;
}

/**
 * Waits until every MCP server is connected or has failed: the program does not do so itself, and an agent that begins
 * before has no tools. Resolves with those that do not work. Rejects with the signal's reason, and as the channel does.
 */
export async function failedServers({ channel, clock, signal }: McpStatusOptions): Promise<McpServerState[]> {
  const deadline = clock.elapsed() + LIMIT_MS;
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 2, LONGEST_LOOK_MS)) {
    const servers = statesIn(await channel.request({ subtype: 'mcp_status' }));
    if (!servers.some(({ status }) => status === 'pending') || clock.elapsed() > deadline) {
      return servers.filter(({ status }) => status !== 'connected' && status !== 'disabled');
    }
    await sleep(clock, pause, signal);
  }
}

function statesIn({ mcpServers }: Record<string, unknown>): McpServerState[] {
  return Array.isArray(mcpServers) ? (mcpServers as McpServerState[]) : [];
}

/** A sentence for people. */
export function failureText({ name, status, error }: McpServerState): string {
  const reason = status === 'pending' ? `it did not answer within ${LIMIT_MS / 1000} s` : (error ?? status);
  return `MCP server ${name} cannot be used: ${reason}`;
}
