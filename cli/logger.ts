import { pino } from 'pino';
import type { LogFields, Logger } from '#api/machinery/logger';
import { describeError } from '#api/machinery/logger';
import type { TraceContext } from '#api/machinery/tracing/trace-context';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * JSON lines on standard error, so that standard output stays the command's own. A line of code that works in a span names
 * it, as OpenTelemetry wants it (https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/).
 */
export function createLogger(level: LogLevel, active?: () => TraceContext | undefined): Logger {
  const root = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      ...(active === undefined ? {} : { mixin: () => traceFields(active()) }),
    },
    pino.destination({ fd: 2, sync: true }),
  );
  return bound(root, {});
}

function traceFields(context: TraceContext | undefined): LogFields {
  return context === undefined ? {} : { trace_id: context.traceId, span_id: context.spanId };
}

/** Made of the root each time: a child of a child would write a field of both twice, which no JSON object may have. */
function bound(root: pino.Logger, known: LogFields): Logger {
  const target = root.child(known);
  return {
    debug: (message, fields) => target.debug(printable(fields), message),
    info: (message, fields) => target.info(printable(fields), message),
    warn: (message, fields) => target.warn(printable(fields), message),
    error: (message, fields) => target.error(printable(fields), message),
    with: (fields) => bound(root, { ...known, ...printable(fields) }),
  };
}

/** Errors as one line: their properties may hold requests with credentials, so they are never serialised whole. */
function printable(fields: LogFields = {}): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? describeError(value) : value,
    ]),
  );
}
