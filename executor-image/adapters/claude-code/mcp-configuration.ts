import type { ToolServer } from '../adapter.ts';

/** The servers behind the gate in the form of Claude Code's `--mcp-config`. */
export function mcpConfiguration(servers: readonly ToolServer[]): { mcpServers: Record<string, unknown> } {
  return {
    mcpServers: Object.fromEntries(
      servers.map(({ name, url, token }) => [
        name,
        { type: 'http', url, headers: { Authorization: `Bearer ${token}` }, alwaysLoad: true },
      ]),
    ),
  };
}
