import type { ProbeResult } from '#executor-manager/protocol/probe';
import type { ProbeContext } from './probe-context.ts';

/** Connects to an MCP server and lists its tools. Throws an Error that says why that is not possible. */
export function probeMcpServer(
  _server: Record<string, unknown>,
  _context: ProbeContext,
): Promise<ProbeResult> {
  return Promise.reject(new Error('this version checks no MCP servers'));
}
