import { createHash } from 'node:crypto';
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import type { ToolLevel } from '#executor-manager/protocol/run';

/** The fields that tell a model, or us, what a tool does. Icons and metadata are not among them. */
const TOLD = ['name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const;

/**
 * `sha256:HEX` of what a tool says of itself. All of the digest: whoever writes a server could find two descriptions
 * with one short hash, and show the harmless one first.
 */
export function toolHash(tool: Tool): string {
  const told = Object.fromEntries(TOLD.map((field) => [field, tool[field]]));
  return `sha256:${createHash('sha256').update(canonicalJson(told)).digest('hex')}`;
}

/** The level that a server proposes by its annotations; it decides nothing. */
export function proposedLevel({ annotations = {} }: Pick<Tool, 'annotations'>): ToolLevel {
  if (annotations.readOnlyHint === true) return 'readOnly';
  // The defaults of the protocol: a tool is destructive and reaches the world outside unless it says otherwise.
  const { destructiveHint = true, openWorldHint = true } = annotations;
  return destructiveHint || openWorldHint ? 'privileged' : 'safe';
}

/** JSON with sorted names, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value)) ?? 'null';
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, item]) => [name, sorted(item)]));
}
