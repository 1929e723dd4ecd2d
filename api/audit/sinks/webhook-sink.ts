import { createGuardedFetch } from '#guarded-client/guarded-fetch';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { Meter } from '../../machinery/meter.ts';
import { EventQueue } from './event-queue.ts';
import type { Sink, SinkMode } from './sink.ts';

/** As a kubeconfig names it (kube-apiserver --audit-webhook-config-file). */
export interface AuditWebhook {
  url: string;
  /** PEM. */
  ca?: string;
  identity?: { key: string; cert: string };
  /** A value of the header Authorization; read for each call, since files of tokens change. */
  authorization?: () => Promise<string>;
}

export interface WebhookSinkOptions {
  webhook: AuditWebhook;
  mode: SinkMode;
  batchSize: number;
  batchWaitMs: number;
  /** Before the second attempt; each further one waits half as long again. */
  initialBackoffMs: number;
  clock: Clock;
  logger: Logger;
  meter: Meter;
}

/** As apiserver util/webhook DefaultRetryBackoffWithInitialDelay: five attempts. */
const RETRIES = 4;
const FACTOR = 1.5;
const ANSWER_MS = 30_000;
const MOST_ANSWER_BYTES = 64 * 1024;

/**
 * Posts events as an EventList. The address is the administrator's, so it may be in a private network; redirects are followed as
 * for any other.
 */
export function createWebhookSink({ webhook, initialBackoffMs, ...queue }: WebhookSinkOptions): Sink {
  const { hostname, port, protocol } = new URL(webhook.url);
  const own = `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
  const client = createGuardedFetch({
    allow: [own],
    maxBodyBytes: MOST_ANSWER_BYTES,
    ...(webhook.ca === undefined ? {} : { ca: webhook.ca }),
    ...(webhook.identity === undefined ? {} : { identity: webhook.identity }),
  });
  return new EventQueue({
    ...queue,
    name: 'webhook',
    retryMs: Array.from({ length: RETRIES }, (_, index) => initialBackoffMs * FACTOR ** index),
    deliver: async (events) => {
      const authorization = await webhook.authorization?.();
      const response = await client.fetch(webhook.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
        body: `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${events.join(',')}]}`,
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`the audit webhook answered ${response.status}`);
    },
    end: async () => client[Symbol.asyncDispose](),
  });
}
