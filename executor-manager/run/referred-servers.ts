import { isStatusError } from '#api/machinery/status-error';
import type { MCPServer } from '#api/types/generated/mcpserver';
import { serverReference } from '#api/types/mcp-server';
import { MCP_SERVERS } from '#api/types/resources';
import { serverValues } from './mcp-server-values.ts';
import type { Servers } from './mcp-server-values.ts';
import type { Place, Reader } from './references.ts';

/** The facts of the MCPServers that an agent refers to, as they are when its run starts. */
export interface ReferredServers {
  /** Variables and headers, by the name of the server. */
  values: Servers;
  /** Names a server with its settings and credentials, for the results that are kept of it; by its name. */
  scopes: Record<string, string>;
  /** Why a run does not even try one, by its name; part of a sentence. */
  unavailable: Record<string, string>;
}

/**
 * Reads the MCPServers of a run. One that is not there, lacks a Secret, or fails all its checks does not keep the run
 * back: it starts without, or fails at once where it needs the server.
 */
export async function readReferredServers(client: Reader, servers: Servers): Promise<ReferredServers> {
  const read: ReferredServers = { values: {}, scopes: {}, unavailable: {} };
  await Promise.all(
    Object.entries(servers).map(async ([name, entry]) => {
      const place = serverReference(entry);
      if (place === undefined) return;
      const found = await readServer(client, place, entry);
      if (typeof found === 'string') {
        read.unavailable[name] = found;
        return;
      }
      read.values[name] = found.values;
      if (found.scope !== undefined) read.scopes[name] = found.scope;
    }),
  );
  return read;
}

async function readServer(
  client: Reader,
  place: Place,
  entry: Record<string, unknown>,
): Promise<{ values: Record<string, unknown>; scope?: string } | string> {
  const server = await client.find(MCP_SERVERS, place);
  const shown = `MCPServer "${place.namespace}/${place.name}"`;
  if (server === undefined) return `${shown} not found`;
  if (entry['type'] === undefined) return `${shown} was not there when the Task began`;
  if (isOpen(server)) return `the checks of ${shown} fail again and again: ${lastWords(server)}`;
  try {
    const values = await serverValues(client, server);
    // Another generation, or another version of a Secret, is another check.
    const { uid } = server.metadata;
    const key = server.status?.lastCheck?.key;
    return { values, ...(uid === undefined || key === undefined ? {} : { scope: `${uid}/${key}` }) };
  } catch (error) {
    if (!isStatusError(error, 'NotFound')) throw error;
    return error.message;
  }
}

/** Half-open is the check that may close it: runs are no second probe. */
const isOpen = ({ status }: MCPServer): boolean => (status?.circuitBreaker?.state ?? 'Closed') !== 'Closed';

const lastWords = ({ status }: MCPServer): string => (status?.message ?? '').replace(/\.$/, '');
