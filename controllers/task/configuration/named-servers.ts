import type { Ghost } from '#api/types/generated/ghost';
import type { MCPServer } from '#api/types/generated/mcpserver';
import { missingServerEntry, referredServers, serverEntry } from '#api/types/mcp-server';

interface ObjectName {
  namespace: string;
  name: string;
}

/** Entries of `mcpServers` of an agent, by the names that the agent has for them. */
export type NamedServers = Record<string, Record<string, unknown>>;

/**
 * The MCPServers that a Ghost refers to, or a sentence that says which one the Task waits for. One that the agent can do
 * without is not waited for: its run tells that it is missing, as it does of one that does not work.
 */
export function namedServers(
  ghost: Ghost,
  { namespace }: ObjectName,
  find: (name: ObjectName) => MCPServer | undefined,
): NamedServers | string {
  const found: NamedServers = {};
  for (const { place, alias, required } of referredServers(ghost, namespace)) {
    const server = find(place);
    // Its Ghost said so before; the object may have gone since.
    if (server === undefined && required) {
      return `MCPServer "${place.namespace}/${place.name}" not found.`;
    }
    found[alias] = server === undefined ? missingServerEntry(place) : serverEntry(server, required);
  }
  return found;
}
