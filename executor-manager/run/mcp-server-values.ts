import { StatusError } from '#api/machinery/status-error';
import type { MCPServer } from '#api/types/generated/mcpserver';
import { serverReference, valuesOf } from '#api/types/mcp-server';
import type { ServerValue } from '#api/types/mcp-server';
import { MCP_SERVERS } from '#api/types/resources';
import { readObject, readSecret } from './references.ts';
import type { Place, Reader } from './references.ts';

type Servers = Record<string, Record<string, unknown>>;

/**
 * For each entry that comes from an MCPServer: its variables and headers, read from the object and its Secrets.
 * @throws StatusError NotFound that names the object which is missing, or the key it lacks.
 */
export async function readServerValues(client: Reader, servers: Servers): Promise<Servers> {
  const found = await Promise.all(
    Object.entries(servers).map(async ([name, entry]) => {
      const place = serverReference(entry);
      if (place === undefined) return undefined;
      const { spec } = await readObject(client, MCP_SERVERS, place);
      const values = await realValues(client, place.namespace, valuesOf(spec));
      return [name, { [fieldOf(spec)]: values }] as const;
    }),
  );
  return Object.fromEntries(found.filter((one) => one !== undefined));
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
      return [name, await secretValue(client, { namespace, name: secret }, key)] as const;
    }),
  );
  return Object.fromEntries(read);
}

async function secretValue(client: Reader, place: Place, key: string): Promise<string> {
  const value = (await readSecret(client, place))(key);
  if (value !== undefined) return value;
  throw new StatusError('NotFound', `Secret "${place.namespace}/${place.name}" has no key "${key}"`);
}
