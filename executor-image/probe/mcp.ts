import type { ProbeResult } from '#executor-manager/protocol/probe';
import { systemClock } from '../clock.ts';
import { createRedactor } from '../events/redact.ts';
import type { ProbeContext } from './probe-context.ts';

/** Connects to an MCP server and lists its tools. Throws an Error that says why that is not possible. */
export async function probeMcpServer(
  server: Record<string, unknown>,
  { workspace, environment, signal }: ProbeContext,
): Promise<ProbeResult> {
  const { inspectServer } = await import('../tools/inspect-server.ts');
  const redactor = createRedactor({
    shell: { type: 'Command' },
    agent: { name: '', mcpServers: { server } },
    prompt: '',
    timeoutSeconds: 1,
  });
  try {
    const place = { folder: workspace, environment, clock: systemClock, signal };
    const { name, version, tools, leftOut } = await inspectServer({ entry: server, ...place });
    const missing = leftOut === undefined ? '' : ` Others are left out: ${leftOut}.`;
    return {
      ok: true,
      message: `The server answers; it has ${tools.length} tools.${missing}`,
      checks: [],
      serverInfo: {
        ...(name === undefined ? {} : { name }),
        ...(version === undefined ? {} : { version }),
      },
      tools,
    };
  } catch (error) {
    signal.throwIfAborted();
    const message = redactor.text(error instanceof Error ? error.message : String(error));
    const end = /[.!?]$/.test(message) ? '' : '.';
    return { ok: false, message: `The server cannot be used: ${message}${end}`, checks: [] };
  }
}
