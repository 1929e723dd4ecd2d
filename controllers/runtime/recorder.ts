import { createHash } from 'node:crypto';
import type { Client } from '#api/client/client';
import { backOffDelay } from '#api/machinery/back-off';
import type { BackOff } from '#api/machinery/back-off';
import { formatTime, sleep, systemClock } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError, silentLogger } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { isStatusError, StatusError } from '#api/machinery/status-error';
import { createSpamFilter } from './event-spam-filter.ts';
import type { Runnable } from './manager.ts';

/** Something that happened, for people who look at an object: past tense, one sentence, no secrets. */
export interface RecordedEvent {
  type: 'Normal' | 'Warning';
  /** CamelCase, for programs. */
  reason: string;
  message: string;
}

/** Writes core/v1 Events. Never blocks, never fails: an Event that cannot be written is left out. */
export interface Recorder extends Runnable {
  event(about: KubeObject, event: RecordedEvent): void;
}

type EventClient = Pick<Client, 'create' | 'get' | 'patch'>;

export interface RecorderOptions {
  client: { within(signal: AbortSignal): EventClient };
  /** Who reports: `task-controller`. */
  component: string;
  clock?: Clock;
  logger?: Logger;
}

interface CoreEvent extends KubeObject {
  involvedObject: Record<string, string | undefined>;
  type: string;
  reason: string;
  message: string;
  source: { component: string };
  reportingComponent: string;
  reportingInstance: string;
  firstTimestamp: string;
  lastTimestamp: string;
  count: number;
}

const EVENTS: ResourceType<CoreEvent> = {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

/** Events that may wait for a server that is away; more are left out. */
const MAX_WAITING = 1000;
const MAX_TRIES = 5;
/** Waits between the tries. */
const BACK_OFF: BackOff = { first: 1000, max: 16_000 };
/** How long a stop waits for a server that does not answer, in milliseconds. */
const LAST_WORD_MS = 2000;
const MAX_NAME = 253;

export function createRecorder(options: RecorderOptions): Recorder {
  const clock = options.clock ?? systemClock;
  const logger = (options.logger ?? silentLogger).with({ component: options.component });
  const spam = createSpamFilter(clock);
  // By name: an event that is told again while it waits only raises its count.
  const waiting = new Map<string, CoreEvent>();
  let wake = Promise.withResolvers<void>();

  async function drain(client: EventClient, signal: AbortSignal): Promise<void> {
    for (const [key, event] of waiting) {
      waiting.delete(key);
      await write(client, event, { clock, signal }).catch((error: unknown) =>
        logger.debug('event left out', { reason: event.reason, cause: describeError(error) }),
      );
    }
  }

  return {
    name: `recorder ${options.component}`,
    event(about, happened) {
      const event = buildEvent(about, happened, { component: options.component, now: clock.now() });
      const key = `${event.metadata.namespace}/${event.metadata.name}`;
      const same = waiting.get(key);
      if (same !== undefined) {
        same.count += 1;
        same.lastTimestamp = event.lastTimestamp;
      } else if (waiting.size < MAX_WAITING && spam.admits(about.metadata.uid ?? key)) {
        waiting.set(key, event);
        wake.resolve();
      } else {
        logger.debug('event left out', { reason: event.reason, cause: 'too many' });
      }
    },
    async run(signal) {
      // Wakes too, in place of a race with a promise that lives as long as the process: each race stays on that.
      signal.addEventListener('abort', () => wake.resolve(), { once: true });
      const end = gracePeriod(signal, clock);
      const client = options.client.within(end.signal);
      while (!signal.aborted) {
        await wake.promise;
        wake = Promise.withResolvers();
        await drain(client, signal);
      }
      // What still waits is tried once more each: the last news of a process is often the most wanted.
      await drain(client, signal);
      end.cancel();
    },
  };
}

/** A signal that aborts a little after `stop` does. */
function gracePeriod(stop: AbortSignal, clock: Clock): { signal: AbortSignal; cancel(): void } {
  const end = new AbortController();
  let cancel = (): void => undefined;
  const begin = (): void => {
    cancel = clock.after(LAST_WORD_MS, () =>
      end.abort(new StatusError('Timeout', `no answer within ${LAST_WORD_MS} ms of the stop`)),
    );
  };
  if (stop.aborted) begin();
  else stop.addEventListener('abort', begin, { once: true });
  return { signal: end.signal, cancel: () => cancel() };
}

/** Creates the event, or raises the count of the one that says the same. */
async function write(
  client: EventClient,
  event: CoreEvent,
  context: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await createOrCount(client, event);
      return;
    } catch (error) {
      // A stop ends the waiting, and leaves one more try.
      const tries = context.signal.aborted ? 2 : MAX_TRIES;
      if (!isPassing(error) || attempt >= tries) throw error;
      await sleep(context.clock, backOffDelay(BACK_OFF, attempt), context.signal).catch(() => undefined);
    }
  }
}

function isPassing(error: unknown): boolean {
  return (
    error instanceof StatusError && (error.code === 429 || error.code >= 500 || error.reason === 'Conflict')
  );
}

async function createOrCount(client: EventClient, event: CoreEvent): Promise<void> {
  try {
    await client.create(EVENTS, event);
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
    const ref = { namespace: event.metadata.namespace ?? 'default', name: event.metadata.name };
    const known = await client.get(EVENTS, ref);
    const count = (known.count ?? 1) + event.count;
    const body = { count, lastTimestamp: event.lastTimestamp };
    // It may expire between the two calls; then it is left out, which is what expiry means.
    await client.patch(EVENTS, ref, { type: 'merge', body });
  }
}

function buildEvent(
  about: KubeObject,
  event: RecordedEvent,
  context: { component: string; now: number },
): CoreEvent {
  const time = formatTime(context.now);
  // Kubernetes puts Events about cluster-scoped objects into `default`.
  const namespace = about.metadata.namespace ?? 'default';
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace, name: eventName(about, event, context.component) },
    involvedObject: {
      apiVersion: about.apiVersion,
      kind: about.kind,
      name: about.metadata.name,
      namespace: about.metadata.namespace,
      uid: about.metadata.uid,
      resourceVersion: about.metadata.resourceVersion,
    },
    ...event,
    // The field's limit in Kubernetes.
    message: event.message.slice(0, 1024),
    source: { component: context.component },
    reportingComponent: context.component,
    reportingInstance: '',
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}

/**
 * The same name for the same news, in every replica and after a restart: that is what aggregates. Names of our
 * kinds may hold what an Event's name (a DNS subdomain) may not.
 */
function eventName(about: KubeObject, event: RecordedEvent, component: string): string {
  const said = [about.kind, about.metadata.uid, event.type, event.reason, event.message, component];
  const digest = createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 16);
  const prefix = about.metadata.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .slice(0, MAX_NAME - digest.length - 1)
    .replaceAll(/^-+|-+$/g, '');
  return `${prefix === '' ? 'x' : prefix}.${digest}`;
}
