import type { MCPServer } from '#api/types/generated/mcpserver';
import { serverReference, valuesOf } from '#api/types/mcp-server';
import type { ServerValue } from '#api/types/mcp-server';
import { MCP_SERVERS } from '#api/types/resources';
import { readObject, readSecretValue } from './references.ts';
import type { Reader } from './references.ts';

/** Entries of mcpServers, by name. */
export type Servers = Record<string, Record<string, unknown>>;

/**
 * The arguments, variables or headers of the MCPServer that an entry comes from, read from the object and its Secrets; nothing for
 * an entry that somebody has written.
 * @throws StatusError NotFound that names the object which is missing, or the key it lacks.
 */
export async function entryValues(
  client: Reader,
  entry: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const place = serverReference(entry);
  return place === undefined ? {} : serverValues(client, await readObject(client, MCP_SERVERS, place));
}

/** The same of an MCPServer. @throws StatusError NotFound that names a Secret which is missing, or the key it lacks. */
export async function serverValues(
  client: Reader,
  { metadata, spec }: MCPServer,
): Promise<Record<string, unknown>> {
  const args = spec.transport.stdio?.args;
  return {
    ...(args === undefined ? {} : { args }),
    [fieldOf(spec)]: await realValues(client, metadata.namespace ?? '', valuesOf(spec)),
  };
}

const fieldOf = ({ transport }: MCPServer['spec']): 'env' | 'headers' =>
  transport.stdio === undefined ? 'headers' : 'env';

async function realValues(
  client: Reader,
  namespace: string,
  values: readonly ServerValue[],
): Promise<Record<string, string>> {
  const read = await Promise.all(
    values.map(async ({ name, value = '', valueFrom }) => {
      if (valueFrom === undefined) return [name, value] as const;
      const { name: secret, key } = valueFrom.secretKeyRef;
      return [name, await readSecretValue(client, { namespace, name: secret }, key)] as const;
    }),
  );
  return Object.fromEntries(read);
}
