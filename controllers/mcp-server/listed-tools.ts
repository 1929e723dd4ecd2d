import type { MCPServerSpec, MCPServerStatus } from '#api/types/generated/mcpserver';

type Listed = NonNullable<MCPServerStatus['tools']>[number];
type Confirmed = NonNullable<MCPServerSpec['tools']>[number];

/** The tools with their levels: what is confirmed and still the same; privileged otherwise. The runner judges alike. */
export function listedTools(confirmed: readonly Confirmed[], tools: readonly Listed[]): Listed[] {
  const byName = new Map(confirmed.map((tool) => [tool.name, tool]));
  return tools.map((tool) => {
    const known = byName.get(tool.name);
    const level = known !== undefined && known.hash === tool.hash ? known.level : 'privileged';
    return Object.assign({}, tool, { level });
  });
}

/** Names of tools that are there and not as they were confirmed. */
export function changedTools(confirmed: readonly Confirmed[], tools: readonly Listed[]): string[] {
  const hashes = new Map(tools.map(({ name, hash }) => [name, hash]));
  return confirmed
    .filter(({ name, hash }) => hashes.has(name) && hashes.get(name) !== hash)
    .map(({ name }) => name);
}
