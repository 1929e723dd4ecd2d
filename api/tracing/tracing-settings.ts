import { badRequest } from '../machinery/status-error.ts';

export type TracingEnvironment = Readonly<Record<string, string | undefined>>;

export interface TracingSettings {
  exporter: 'console' | 'otlp';
  /** As OTEL_SERVICE_NAME; undefined: that of the process. */
  serviceName: string | undefined;
  sampler: SamplerSettings;
  batch: BatchSettings;
}

export interface SamplerSettings {
  /** Whether a trace that others have begun is recorded as they have decided. */
  isParentBased: boolean;
  /** The share of traces, from 0 to 1. */
  ratio: number;
}

/** Milliseconds, and spans. */
export interface BatchSettings {
  scheduledDelayMillis: number;
  exportTimeoutMillis: number;
  maxQueueSize: number;
  maxExportBatchSize: number;
}

/**
 * The settings of traces by the variables of OpenTelemetry
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/); undefined: there are no traces. The
 * exporter itself reads OTEL_EXPORTER_OTLP_*, and the resource OTEL_RESOURCE_ATTRIBUTES.
 * @throws StatusError BadRequest for a value that is not supported
 */
export function tracingSettings(env: TracingEnvironment): TracingSettings | undefined {
  const exporter = exporterOf(env);
  if (exporter === undefined) return undefined;
  return {
    exporter,
    serviceName: given(env, 'OTEL_SERVICE_NAME'),
    sampler: samplerOf(env),
    batch: batchOf(env),
  };
}

const given = (env: TracingEnvironment, name: string): string | undefined => {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
};

function exporterOf(env: TracingEnvironment): TracingSettings['exporter'] | undefined {
  if (given(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined;
  const endpoint =
    given(env, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? given(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  // The specification has otlp as the default; here nothing is sent unless somebody says where to.
  const asked = given(env, 'OTEL_TRACES_EXPORTER') ?? (endpoint === undefined ? 'none' : 'otlp');
  if (asked === 'none') return undefined;
  if (asked !== 'otlp' && asked !== 'console')
    throw unsupported('OTEL_TRACES_EXPORTER', asked, 'otlp, console, none');
  if (asked === 'otlp') checkProtocol(env);
  return asked;
}

function checkProtocol(env: TracingEnvironment): void {
  for (const name of ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL']) {
    const protocol = given(env, name);
    if (protocol !== undefined && protocol !== 'http/protobuf')
      throw unsupported(name, protocol, 'http/protobuf');
  }
}

const SAMPLERS: Readonly<Record<string, (ratio: () => number) => SamplerSettings>> = {
  always_on: () => ({ isParentBased: false, ratio: 1 }),
  always_off: () => ({ isParentBased: false, ratio: 0 }),
  traceidratio: (ratio) => ({ isParentBased: false, ratio: ratio() }),
  parentbased_always_on: () => ({ isParentBased: true, ratio: 1 }),
  parentbased_always_off: () => ({ isParentBased: true, ratio: 0 }),
  parentbased_traceidratio: (ratio) => ({ isParentBased: true, ratio: ratio() }),
};

function samplerOf(env: TracingEnvironment): SamplerSettings {
  const name = given(env, 'OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on';
  const make = SAMPLERS[name];
  if (make === undefined) throw unsupported('OTEL_TRACES_SAMPLER', name, Object.keys(SAMPLERS).join(', '));
  return make(() => ratioOf(env));
}

function ratioOf(env: TracingEnvironment): number {
  const text = given(env, 'OTEL_TRACES_SAMPLER_ARG') ?? '1';
  const ratio = Number(text);
  if (!(ratio >= 0 && ratio <= 1)) throw unsupported('OTEL_TRACES_SAMPLER_ARG', text, 'a number from 0 to 1');
  return ratio;
}

function batchOf(env: TracingEnvironment): BatchSettings {
  const maxQueueSize = whole(env, 'OTEL_BSP_MAX_QUEUE_SIZE', 2048);
  const maxExportBatchSize = whole(env, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', Math.min(512, maxQueueSize));
  if (maxExportBatchSize > maxQueueSize) {
    const text = String(maxExportBatchSize);
    throw unsupported(
      'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
      text,
      `at most OTEL_BSP_MAX_QUEUE_SIZE (${maxQueueSize})`,
    );
  }
  return {
    scheduledDelayMillis: whole(env, 'OTEL_BSP_SCHEDULE_DELAY', 5000),
    exportTimeoutMillis: whole(env, 'OTEL_BSP_EXPORT_TIMEOUT', 30_000),
    maxQueueSize,
    maxExportBatchSize,
  };
}

function whole(env: TracingEnvironment, name: string, standard: number): number {
  const text = given(env, name);
  if (text === undefined) return standard;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw unsupported(name, text, 'a whole number above 0');
  return Number(text);
}

function unsupported(name: string, value: string, known: string): Error {
  return badRequest(`${name} is ${JSON.stringify(value)}; supported: ${known}`);
}
