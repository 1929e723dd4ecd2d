import { createHmac } from 'node:crypto';
import { REDIRECTS } from './redirects.ts';
import type { Fetch } from './redirects.ts';
import { RefusedAddressError } from './refused-address-error.ts';

/** A message for an address that a user gave, as https://www.standardwebhooks.com has it. */
export interface WebhookMessage {
  url: string;
  /** The same for each attempt at one message, so that its receiver knows what it has already. */
  id: string;
  /** JSON. */
  body: string;
  /** `whsec_` and base64, or any other text as it is; not signed when absent. */
  key?: string;
}

export type Delivery =
  | { taken: true }
  /** `why`: a sentence for whoever gave the address; it shows neither the key nor the path. */
  | { taken: false; why: string; isFinal: boolean };

export interface WebhookSender {
  /** One attempt, of 15 s at most. Rejects only when `signal` aborts. */
  send(message: WebhookMessage, signal: AbortSignal): Promise<Delivery>;
}

const TIMEOUT_MS = 15_000;

/** @param now milliseconds since the epoch */
export function createWebhookSender({ fetch, now }: { fetch: Fetch; now: () => number }): WebhookSender {
  return {
    async send(message, signal) {
      const headers = { 'content-type': 'application/json', ...webhookHeaders(message, now()) };
      try {
        const response = await fetch(message.url, {
          // Not followed: a message is for the address that was given, and the answer says that it has moved.
          ...{ method: 'POST', headers, body: message.body, redirect: 'manual' },
          signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        });
        await response.body?.cancel();
        return deliveryOf(response.status);
      } catch (error) {
        signal.throwIfAborted();
        return { taken: false, why: reasonOf(error), isFinal: false };
      }
    },
  };
}

/** The headers of a message that is sent at `now`, in milliseconds; a receiver refuses one that is minutes old. */
export function webhookHeaders(
  { id, body, key }: Pick<WebhookMessage, 'body' | 'id' | 'key'>,
  now: number,
): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const head = { 'webhook-id': id, 'webhook-timestamp': timestamp };
  if (key === undefined) return head;
  const signature = createHmac('sha256', keyBytes(key)).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { ...head, 'webhook-signature': `v1,${signature}` };
}

const PREFIX = 'whsec_';

function keyBytes(key: string): Buffer {
  return key.startsWith(PREFIX) ? Buffer.from(key.slice(PREFIX.length), 'base64') : Buffer.from(key, 'utf8');
}

/** 410 says that the address is gone for good. Where a redirect leads is not shown: it may be secret. */
function deliveryOf(status: number): Delivery {
  if (status >= 200 && status < 300) return { taken: true };
  if (REDIRECTS.has(status)) {
    const why = `The address redirects to another one (${status}), which is not followed; give that one.`;
    return { taken: false, why, isFinal: false };
  }
  return { taken: false, why: `The address answered with ${status}.`, isFinal: status === 410 };
}

function reasonOf(error: unknown): string {
  if (error instanceof RefusedAddressError) return `${error.message}.`;
  const { code } = ((error as Error).cause ?? error) as { code?: unknown };
  if ((error as Error).name === 'TimeoutError') return 'The address did not answer in time.';
  return `The address could not be reached${typeof code === 'string' ? `: ${code}` : ''}.`;
}
