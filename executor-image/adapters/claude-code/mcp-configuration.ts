/** What other programs call the transport that Claude Code calls `http`. */
const HTTP_NAMES = new Set(['streamable-http', 'streamable_http', 'streamableHttp', 'http']);

/** Ghost.spec.mcpServers in the form of Claude Code's `--mcp-config`. */
export function mcpConfiguration(servers: Record<string, unknown>): { mcpServers: Record<string, unknown> } {
  return {
    mcpServers: Object.fromEntries(
      Object.entries(servers).map(([name, server]) => [name, translate(server)]),
    ),
  };
}

function translate(server: unknown): unknown {
  if (typeof server !== 'object' || server === null) return server;
  const { type, transport, ...rest } = server as Record<string, unknown>;
  const kind = type ?? transport;
  if (typeof kind === 'string') return { type: HTTP_NAMES.has(kind) ? 'http' : kind, ...rest };
  return 'url' in rest ? { type: 'http', ...rest } : rest;
}
