import { fetch as undiciFetch } from 'undici';
import type { Dispatcher, RequestInit as UndiciInit } from 'undici';
import { AddressGuard } from './address-guard.ts';
import type { AddressGuardOptions } from './address-guard.ts';
import { createGuardedAgent } from './guarded-agent.ts';
import type { GuardedAgentOptions } from './guarded-agent.ts';
import { followRedirects } from './redirects.ts';
import type { Fetch } from './redirects.ts';
import { RefusedAddressError } from './refused-address-error.ts';

export interface GuardedFetchOptions extends Omit<GuardedAgentOptions, 'guard'>, AddressGuardOptions {
  /** Bytes of a body at most, unpacked; absent: without a limit. */
  maxBodyBytes?: number;
}

export interface GuardedFetch extends AsyncDisposable {
  /**
   * As the standard `fetch`, for addresses that users give. Rejects with RefusedAddressError for one that may not be
   * called, at any step of its redirects. A response larger than the limit fails while it is read. A limit for the whole is
   * the caller's, by `init.signal`.
   */
  readonly fetch: Fetch;
}

/** @throws Error, for a person, for an entry of `allow` that makes no sense */
export function createGuardedFetch(options: GuardedFetchOptions): GuardedFetch {
  const { allow, controlPlane, lookUp, maxBodyBytes, ...agent } = options;
  const guard = new AddressGuard({
    allow,
    ...(controlPlane && { controlPlane }),
    ...(lookUp && { lookUp }),
  });
  const dispatcher = createGuardedAgent({ guard, ...agent });
  const single: Fetch = async (url, init) => {
    const response = await fetchBy(dispatcher, url, init);
    return maxBodyBytes === undefined ? response : bounded(response, maxBodyBytes);
  };
  return {
    fetch: followRedirects(single),
    // Calls under way end with it.
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
}

async function fetchBy(dispatcher: Dispatcher, url: string | URL, init: RequestInit = {}): Promise<Response> {
  try {
    // For types, undici and Node differ in the dispatcher only, which is ours here.
    const own = { ...init, dispatcher } as unknown as UndiciInit;
    return await undiciFetch(url, own);
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    throw cause instanceof RefusedAddressError ? cause : error;
  }
}

function bounded(response: Response, maxBytes: number): Response {
  const { body, status, statusText, headers } = response;
  if (body === null) return response;
  let bytes = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new RangeError(`the answer has more than ${maxBytes} bytes`);
      controller.enqueue(chunk);
    },
  });
  return new Response(body.pipeThrough(counter), { status, statusText, headers });
}
