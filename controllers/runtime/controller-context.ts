import type { Client } from '#api/client/client';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import type { Meter } from '#api/machinery/meter';
import type { Tracer } from '#api/machinery/tracing/tracer';
import type { KubeObject } from '#api/machinery/meta';
import type { WebhookSender } from '#guarded-client/webhook-sender';
import type { Informers } from './informers.ts';
import type { RecordedEvent } from './recorder.ts';

/** What every controller of one process is made from. */
export interface ControllerContext {
  client: Client;
  informers: Informers;
  clock: Clock;
  logger: Logger;
  meter: Meter;
  tracer: Tracer;
  /** Calls addresses that users gave. */
  webhooks: WebhookSender;
  /** The recorder of the controller called `name`. */
  recorder: (name: string) => EventSink;
}

/** The part of a Recorder that reconcilers use. */
export interface EventSink {
  event(about: KubeObject, event: RecordedEvent): void;
}
