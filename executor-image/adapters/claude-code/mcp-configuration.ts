import type { ToolServer } from '../adapter.ts';

/** The servers behind the gate in the form of Claude Code. */
export function mcpServers(servers: readonly ToolServer[]): Record<string, unknown> {
  return Object.fromEntries(
    servers.map(({ name, url, token }) => [
      name,
      { type: 'http', url, headers: { Authorization: `Bearer ${token}` }, alwaysLoad: true },
    ]),
  );
}
