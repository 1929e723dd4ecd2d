import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { RunnerAddresses } from '#executor-manager/protocol/runner-environment';
import { followRedirects } from '#guarded-client/redirects';

/** How MCP servers over HTTP are called. */
export interface ServerFetch {
  fetch: FetchLike;
  /** Ends all calls. */
  close(): Promise<void>;
}

/**
 * In a sandbox everything that its network leads to may be called: the agent can call it, too. A runner that shares the
 * network of the executor's machine has `addresses`, and calls public ones and these only.
 */
export async function openServerFetch(addresses: RunnerAddresses | undefined): Promise<ServerFetch> {
  if (addresses === undefined) return { fetch: openFetch, close: () => Promise.resolve() };
  // Loaded when it is needed: sandboxes never do.
  const { createGuardedFetch } = await import('#guarded-client/guarded-fetch');
  // A call has limits of its own, and a stream of events may be silent for long.
  const guarded = createGuardedFetch({ ...addresses, headersMs: 0, idleMs: 0 });
  return { fetch: guarded.fetch, close: async () => guarded[Symbol.asyncDispose]() };
}

/** Of the sandbox's own network. Other than plain `fetch` it never hands a server's keys to another origin. */
export const openFetch: FetchLike = followRedirects((url, init) => fetch(url, init));
