import { hostname } from 'node:os';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ConsoleSpanExporter,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Sampler } from '@opentelemetry/sdk-trace';
import { sleep, systemClock } from '../machinery/clock.ts';
import { describeError } from '../machinery/logger.ts';
import type { Logger } from '../machinery/logger.ts';
import type { Tracer } from '../machinery/tracing/tracer.ts';
import { VERSION } from '../machinery/version.ts';
import { GivenIds, OpenTelemetryTracer } from './open-telemetry.ts';
import type { SamplerSettings, TracingSettings } from './tracing-settings.ts';

export interface OpenedTracing {
  tracer: Tracer;
  /** Sends what is left. */
  close(): Promise<void>;
}

export interface TracingOptions {
  settings: TracingSettings;
  /** Such as `troupe-api`. */
  service: string;
  logger: Logger;
}

/** A collector that is away must not keep a process from ending. */
const CLOSE_MS = 3_000;

/** Spans go to the collector in batches, and are dropped where it does not keep up: nobody waits for it. */
export function openTracing({ settings, service, logger }: TracingOptions): OpenedTracing {
  tellProblems(logger);
  const ids = new GivenIds();
  const sampler = samplerOf(settings.sampler);
  const exporter = settings.exporter === 'otlp' ? new OTLPTraceExporter() : new ConsoleSpanExporter();
  const provider = new TracerProvider({
    sampler,
    idGenerator: ids,
    resource: resourceFromAttributes({
      'service.name': settings.serviceName ?? service,
      'service.version': VERSION,
      'service.instance.id': `${hostname()}/${process.pid}`,
      'host.name': hostname(),
    }).merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor({ exporter, ...settings.batch })],
  });
  const tracer = new OpenTelemetryTracer({ tracer: provider.getTracer('troupe', VERSION), ids, sampler });
  return {
    tracer,
    async close() {
      const late = sleep(systemClock, CLOSE_MS);
      await Promise.race([provider.shutdown(), late]).catch((error: unknown) =>
        logger.warn('the last traces were not sent', { cause: describeError(error) }),
      );
    },
  };
}

function samplerOf({ isParentBased, ratio }: SamplerSettings): Sampler {
  const root =
    ratio === 1
      ? new AlwaysOnSampler()
      : ratio === 0
        ? new AlwaysOffSampler()
        : new TraceIdRatioBasedSampler(ratio);
  return isParentBased ? new ParentBasedSampler({ root }) : root;
}

/** A collector that is away is told once in a minute: every batch would say it again. */
const QUIET_MS = 60_000;

/** The SDK tells its problems to one place of the process. Its words may hold an answer of the collector, which is cut. */
function tellProblems(logger: Logger): void {
  let toldAt = Number.NEGATIVE_INFINITY;
  const tell = (message: string): void => {
    const at = performance.now();
    if (at - toldAt < QUIET_MS) return;
    toldAt = at;
    logger.warn('traces were not sent', { cause: message.slice(0, 500) });
  };
  const silent = (): void => undefined;
  const sink = { error: tell, warn: tell, info: silent, debug: silent, verbose: silent };
  diag.setLogger(sink, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}
