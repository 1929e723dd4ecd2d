import type { Ghost } from '#api/types/generated/ghost';
import type { MCPServer } from '#api/types/generated/mcpserver';
import type { NamedServer } from './planned-member.ts';

interface ObjectName {
  namespace: string;
  name: string;
}

/**
 * The MCPServers that a Ghost refers to, or a sentence that says which one is missing. One that does not work is not
 * missing: the run tells of it, and fails only where the Ghost cannot do without it.
 */
export function namedServers(
  ghost: Ghost,
  name: ObjectName,
  find: (name: ObjectName) => MCPServer | undefined,
): NamedServer[] | string {
  const found: NamedServer[] = [];
  const taken = new Set(Object.keys(ghost.spec.mcpServers ?? {}));
  const shown = `Ghost "${name.namespace}/${name.name}"`;
  for (const reference of ghost.spec.mcpServerRefs ?? []) {
    const place = { namespace: reference.namespace ?? name.namespace, name: reference.name };
    const server = find(place);
    if (server === undefined) return `${shown}: MCPServer "${place.namespace}/${place.name}" not found.`;
    const alias = reference.alias ?? reference.name;
    if (taken.has(alias)) return `${shown}: two of its MCP servers are called "${alias}".`;
    taken.add(alias);
    found.push({ alias, required: reference.required === true, server });
  }
  return found;
}
