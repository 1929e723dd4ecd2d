import type { ProbedTool } from '#executor-manager/protocol/probe';
import type { Clock } from '../clock.ts';
import { readServerConfiguration } from './server-configuration.ts';
import { openFetch } from './server-fetch.ts';
import { readToolList } from './tool-list.ts';
import type { ListedTool } from './tool-list.ts';
import { Upstream } from './upstream.ts';

export interface InspectOptions {
  /** As an entry of mcpServers, with the real values. */
  entry: Record<string, unknown>;
  folder: string;
  environment: Record<string, string>;
  clock: Clock;
  signal: AbortSignal;
}

/** A server's own words about itself. */
export interface Inspection {
  name?: string;
  version?: string;
  tools: ProbedTool[];
  /** Why tools are missing here; a sentence's part for people. */
  leftOut?: string;
}

/** Connects to a server as a run does, and lists its tools. Throws ToolServerError, or an Error that names the field. */
export async function inspectServer({ entry, ...where }: InspectOptions): Promise<Inspection> {
  const { signal } = where;
  const calls = openFetch(where.environment);
  const upstream = new Upstream({
    ...where,
    server: readServerConfiguration('server', entry),
    mark: 'probe/mcp',
    fetch: calls.fetch,
    onLog: () => undefined,
    onNotification: () => undefined,
    onReconnect: () => undefined,
  });
  const stop = (): void => void upstream.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await upstream.connect();
    const list = await readToolList((cursor) =>
      upstream.request(
        { method: 'tools/list', ...(cursor === undefined ? {} : { params: { cursor } }) },
        { signal },
      ),
    );
    const { name, version } = upstream.info ?? {};
    return {
      ...(name === undefined ? {} : { name }),
      ...(version === undefined ? {} : { version }),
      tools: [...list.tools.values()].map(probedTool),
      ...(list.leftOut === undefined ? {} : { leftOut: list.leftOut }),
    };
  } finally {
    signal.removeEventListener('abort', stop);
    await upstream.close();
    await calls.close();
  }
}

function probedTool({ tool, hash, proposedLevel }: ListedTool): ProbedTool {
  const { name, description, inputSchema, annotations } = tool;
  return {
    name,
    ...(description === undefined ? {} : { description }),
    inputSchema,
    ...(annotations === undefined ? {} : { annotations }),
    hash,
    proposedLevel,
  };
}
