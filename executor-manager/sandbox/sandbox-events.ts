import { createHash } from 'node:crypto';
import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';
import type { Sandbox } from '#api/types/generated/sandbox';
import { EVENTS } from '#api/types/resources';

export interface SandboxEvent {
  type: 'Normal' | 'Warning';
  /** One word in CamelCase. */
  reason: 'Pulling' | 'Pulled' | 'Failed';
  message: string;
}

export interface SandboxEventOptions {
  client: Pick<Client, 'create'>;
  executorName: string;
  clock: Clock;
  logger: Logger;
}

const COMPONENT = 'executor-manager';
/** The field's limit in Kubernetes. */
const LONGEST = 1024;

/**
 * Writes an Event about a Sandbox, as a kubelet does about a Pod; `kubectl describe` shows it. Each comes once: the same
 * news has the same name. Never rejects, since nothing depends on an Event.
 */
export async function tellEvent(
  sandbox: Sandbox,
  event: SandboxEvent,
  { client, executorName, clock, logger }: SandboxEventOptions,
): Promise<void> {
  const { name, namespace = 'default', uid } = sandbox.metadata;
  const said = createHash('sha256')
    .update(JSON.stringify([uid, event]))
    .digest('hex')
    .slice(0, 16);
  const time = formatTime(clock.now());
  const { apiVersion, kind } = sandbox;
  try {
    await client.create(EVENTS, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace, name: `${name.slice(0, 253 - said.length - 1)}.${said}` },
      involvedObject: { apiVersion, kind, namespace, name, uid },
      ...event,
      message: event.message.slice(0, LONGEST),
      source: { component: COMPONENT, host: executorName },
      reportingComponent: COMPONENT,
      reportingInstance: executorName,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    });
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists'))
      logger.debug('event left out', { cause: describeError(error) });
  }
}
