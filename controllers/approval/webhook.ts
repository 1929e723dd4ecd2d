import { formatTime } from '#api/machinery/clock';
import { objectKey } from '#api/machinery/meta';
import { timesOutAt, WEBHOOK_SECRET_KEY, WEBHOOK_URL_KEY } from '#api/types/approval';
import type { Approval } from '#api/types/generated/approval';
import type { Secret } from '#api/types/resources';
import type { WebhookMessage } from '#guarded-client/webhook-sender';
import type { Notice } from './notices.ts';

/** The key of the Secret that spec.notify.webhook names; undefined without a webhook. */
export function webhookSecretKey({ metadata, spec }: Approval): string | undefined {
  const secret = spec.notify?.webhook?.secretRef;
  if (secret === undefined) return undefined;
  return objectKey({ namespace: secret.namespace ?? metadata.namespace, name: secret.name });
}

export interface WebhookTarget {
  url: string;
  key: string;
}

/** Where a webhook goes and what signs it; a sentence where that cannot be said. Both may come from the Secret. */
export function webhookTarget({ spec }: Approval, secret: Secret | undefined): WebhookTarget | string {
  const webhook = spec.notify?.webhook;
  if (webhook === undefined) return 'There is no webhook.';
  const { name, key: entry = WEBHOOK_SECRET_KEY } = webhook.secretRef;
  if (secret === undefined) return `Secret "${name}" not found.`;
  const key = valueOf(secret, entry);
  if (key === undefined) return `Secret "${name}" has no key "${entry}".`;
  const url = webhook.url ?? valueOf(secret, WEBHOOK_URL_KEY);
  if (url === undefined)
    return `Neither spec.notify.webhook.url nor the key "${WEBHOOK_URL_KEY}" of Secret "${name}" has the address.`;
  return URL.canParse(url) ? { url, key } : `The address in Secret "${name}" is no URL.`;
}

function valueOf({ data }: Secret, key: string): string | undefined {
  const value = data?.[key];
  const text = value === undefined ? '' : Buffer.from(value, 'base64').toString('utf8').trim();
  return text === '' ? undefined : text;
}

/** The message for the address: the question, who is asked, and the outcome. The signature says whether to believe it. */
export function webhookMessage(
  approval: Approval,
  { event, id }: Notice,
  { url, key }: WebhookTarget,
): WebhookMessage {
  const { metadata, spec, status } = approval;
  const { notify: _kept, ...asked } = spec;
  const end = timesOutAt(approval);
  const { decision, decidedBy, decidedAt, reason, message, endedAt, escalatedAt } = status ?? {};
  const body = {
    type: `approval.${event.toLowerCase()}`,
    timestamp: decidedAt ?? endedAt ?? escalatedAt ?? metadata.creationTimestamp,
    data: {
      ...{ namespace: metadata.namespace, name: metadata.name, uid: metadata.uid, ...asked },
      ...(end === undefined ? {} : { timesOutAt: formatTime(end) }),
      ...(decision === undefined ? {} : { decision, decidedBy, decidedAt, reason, answer: message }),
    },
  };
  return { url, key, id: `${metadata.uid ?? ''}/${id}`, body: JSON.stringify(body) };
}
