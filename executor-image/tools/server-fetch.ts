import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';
import { EnvHttpProxyAgent, fetch as fetchBy } from 'undici';
import type { RequestInit as UndiciInit } from 'undici';
import type { RunnerAddresses } from '#executor-manager/protocol/runner-environment';
import { readProxies } from '#guarded-client/guarded-agent';
import { followRedirects } from '#guarded-client/redirects';

/** How MCP servers over HTTP are called. */
export interface ServerFetch {
  fetch: FetchLike;
  /** Ends all calls. */
  close(): Promise<void>;
}

export interface ServerFetchOptions {
  /** As in RunnerConfig. */
  addresses?: RunnerAddresses;
  /** Of the sandbox, with its proxies. */
  environment: Readonly<Record<string, string>>;
}

/** A call has limits of its own, and a stream of events may be silent for long. */
const PATIENT = { headersMs: 0, idleMs: 0 };

/**
 * In a sandbox everything that its network leads to may be called: the agent can call it, too. A runner that shares the
 * network of the executor's machine has `addresses`, and calls public ones and these only. For it, `host.docker.internal` is
 * that machine, as it is for Models.
 */
export async function openServerFetch({ addresses, environment }: ServerFetchOptions): Promise<ServerFetch> {
  if (addresses === undefined) return openFetch(environment);
  // Loaded when it is needed: sandboxes never do.
  const [{ createGuardedFetch }, { lookUpService }] = await Promise.all([
    import('#guarded-client/guarded-fetch'),
    import('#guarded-client/service-hosts'),
  ]);
  const guarded = createGuardedFetch({ ...addresses, ...PATIENT, lookUp: lookUpService });
  return { fetch: guarded.fetch, close: async () => guarded[Symbol.asyncDispose]() };
}

/**
 * Of the sandbox's own network, by its proxies, as other programs in it call. Other than plain `fetch` it never hands a
 * server's keys to another origin.
 */
export function openFetch(environment: ServerFetchOptions['environment']): ServerFetch {
  const dispatcher = new EnvHttpProxyAgent({
    ...readProxies(environment),
    ...{ headersTimeout: PATIENT.headersMs, bodyTimeout: PATIENT.idleMs },
  });
  return {
    // For types, undici and Node differ in the dispatcher only, which is ours here.
    fetch: followRedirects((url, init) => fetchBy(url, { ...init, dispatcher } as unknown as UndiciInit)),
    close: () => dispatcher.destroy(),
  };
}
