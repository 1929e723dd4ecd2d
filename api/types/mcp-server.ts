import type { NewCondition } from '../machinery/condition.ts';
import { withoutCredentials } from './credentials/server-credentials.ts';
import type { Ghost } from './generated/ghost.ts';
import type { MCPServer } from './generated/mcpserver.ts';
import { READY, newCondition, notReady, ready } from './ready.ts';

/** Beside Ready. */
export const MCPServerCondition = {
  /** True when every tool that spec.tools confirms is still what was confirmed. */
  ToolsConfirmed: 'ToolsConfirmed',
} as const;

/** Reasons of an MCPServer. */
export const MCPServerReason = {
  /** Ready=True: the last check has reached it. */
  Connected: 'Connected',
  /** Ready=False: the last check has not; the message has the server's own words. */
  CheckFailed: 'CheckFailed',
  /** Ready=False: a Secret that it names, or a key of it, is not there. */
  SecretNotFound: 'SecretNotFound',
  /** Ready=Unknown: it was not checked yet; runs may use it all the same. */
  NotChecked: 'NotChecked',
  /** ToolsConfirmed=True: as the name says. */
  AsConfirmed: 'AsConfirmed',
  /** ToolsConfirmed=False: tools have changed, and are privileged again. */
  ToolsChanged: 'ToolsChanged',
} as const;

export function mcpServerReady(message: string): NewCondition {
  return ready(MCPServerReason.Connected, message);
}

export function mcpServerNotReady(reason: 'CheckFailed' | 'SecretNotFound', message: string): NewCondition {
  return notReady(reason, message);
}

export function mcpServerUnknown(message: string): NewCondition {
  return newCondition(READY, 'Unknown', { reason: MCPServerReason.NotChecked, message });
}

/** `changed` are the names of tools that are not as they were confirmed. */
export function toolsConfirmed(changed: readonly string[]): NewCondition {
  const all = changed.length === 0;
  return newCondition(MCPServerCondition.ToolsConfirmed, all ? 'True' : 'False', {
    reason: all ? MCPServerReason.AsConfirmed : MCPServerReason.ToolsChanged,
    message: all
      ? 'Every tool of spec.tools is as it was confirmed.'
      : `Not as they were confirmed, hence privileged: ${changed.slice(0, 20).join(', ')}.`,
  });
}

/** A variable of a program, or a header of requests. */
export type ServerValue = NonNullable<NonNullable<MCPServer['spec']['transport']['stdio']>['env']>[number];

/** The variables or headers of a server. */
export function valuesOf({ transport: { stdio, http, sse } }: MCPServer['spec']): ServerValue[] {
  return stdio?.env ?? http?.headers ?? sse?.headers ?? [];
}

export type TransportName = 'stdio' | 'http' | 'sse';

export function transportOf({ transport }: MCPServer['spec']): TransportName {
  if (transport.stdio !== undefined) return 'stdio';
  return transport.sse === undefined ? 'http' : 'sse';
}

/** Where an entry comes from, so that its values are found when a run starts. */
export interface ServerReference {
  name: string;
  namespace: string;
}

/**
 * The server as an entry of the `mcpServers` of an agent, in the form that Ghosts have and the runner reads. Values of
 * variables and headers, and arguments that are credentials, are left empty: they are read when the run starts.
 */
export function serverEntry({ metadata, spec }: MCPServer, required: boolean): Record<string, unknown> {
  const { transport, tools, startSeconds, callSeconds, cacheResults } = spec;
  const { stdio, http, sse } = transport;
  const values = valuesOf(spec);
  const empty = Object.fromEntries(values.map(({ name }) => [name, '']));
  const secretNames = values.flatMap(({ name, valueFrom }) => (valueFrom === undefined ? [] : [name]));
  const { command, args, cwd } = stdio ?? {};
  const url = http?.url ?? sse?.url;
  return {
    type: transportOf(spec),
    ...(command === undefined ? {} : { command }),
    ...(args === undefined ? {} : { args: withoutCredentials(args) }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(url === undefined ? {} : { url }),
    ...(values.length === 0 ? {} : { [stdio === undefined ? 'headers' : 'env']: empty }),
    ...(secretNames.length === 0 ? {} : { secretNames }),
    ...(required ? { required } : {}),
    ...(startSeconds === undefined ? {} : { startSeconds }),
    ...(callSeconds === undefined ? {} : { callSeconds }),
    ...(cacheResults === undefined ? {} : { cacheResults }),
    ...(tools === undefined || tools.length === 0 ? {} : { toolLevels: tools }),
    serverRef: { name: metadata.name, namespace: metadata.namespace ?? 'default' },
  };
}

/** The entry of a server that an agent would like to have and that does not exist. */
export const missingServerEntry = (serverRef: ServerReference): Record<string, unknown> => ({ serverRef });

/** An MCPServer that a Ghost refers to, by its place and the name that the agent has for it. */
export interface ReferredServer {
  place: ServerReference;
  alias: string;
  required: boolean;
}

/** The MCPServers that a Ghost in `namespace` refers to. */
export function referredServers({ spec }: Pick<Ghost, 'spec'>, namespace: string): ReferredServer[] {
  return (spec.mcpServerRefs ?? []).map((reference) => ({
    place: { name: reference.name, namespace: reference.namespace ?? namespace },
    alias: reference.alias ?? reference.name,
    required: reference.required === true,
  }));
}

/** The reference in an entry that serverEntry has made; undefined for one that a Ghost has written itself. */
export function serverReference(entry: Record<string, unknown>): ServerReference | undefined {
  const reference = entry['serverRef'];
  if (typeof reference !== 'object' || reference === null) return undefined;
  const { name, namespace } = reference as Partial<ServerReference>;
  return typeof name === 'string' && typeof namespace === 'string' ? { name, namespace } : undefined;
}
