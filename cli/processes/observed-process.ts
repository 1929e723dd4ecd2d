import type { Logger } from '#api/machinery/logger';
import { silentTracer } from '#api/machinery/tracing/tracer';
import type { Tracer } from '#api/machinery/tracing/tracer';
import { tracingSettings } from '#api/tracing/tracing-settings';
import { tracingEnvironment } from '../config.ts';
import { createLogger } from '../logger.ts';
import type { LogLevel } from '../logger.ts';
import { runUntilSignal } from './lifetime.ts';
import type { Lifetime } from './lifetime.ts';

/** The means by which a process tells what it does. */
export interface Telling {
  logger: Logger;
  tracer: Tracer;
}

export interface ObservedProcess {
  /** Such as `troupe-api`: OTEL_SERVICE_NAME where that is not set. */
  service: string;
  logLevel: LogLevel;
}

/** As runUntilSignal, with a log whose lines name the span that they belong to. */
export function runObserved(
  { service, logLevel }: ObservedProcess,
  start: (telling: Telling, lifetime: Lifetime) => Promise<void>,
): Promise<number> {
  let tracer = silentTracer;
  const logger = createLogger(logLevel, () => tracer.active());
  return runUntilSignal(logger, async (lifetime) => {
    tracer = await startTracing(service, logger, lifetime);
    await start({ logger, tracer }, lifetime);
  });
}

/** Nothing of OpenTelemetry is loaded unless its variables ask for traces. @throws StatusError for those that cannot be met */
async function startTracing(service: string, logger: Logger, lifetime: Lifetime): Promise<Tracer> {
  const settings = tracingSettings(tracingEnvironment());
  if (settings === undefined) return silentTracer;
  const { openTracing } = await import('#api/tracing/open-tracing');
  const { tracer, close } = openTracing({ settings, service, logger });
  // The first part is stopped last: the others have spans to the end.
  lifetime.add({ name: 'traces', stop: close });
  return tracer;
}
