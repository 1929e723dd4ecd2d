import type { LogFields, Logger } from '#api/machinery/logger';

/** A logger whose lines can be read: level, message and fields as JSON. */
export interface RecordingLogger extends Logger {
  readonly lines: readonly string[];
}

/** Keeps all lines, or the last `kept`. */
export function recordingLogger(kept = Number.POSITIVE_INFINITY): RecordingLogger {
  const lines: string[] = [];
  const at = (level: string, more: LogFields) => (message: string, fields?: LogFields) => {
    lines.push(`${level} ${message} ${JSON.stringify({ ...more, ...fields })}`);
    if (lines.length > kept) lines.shift();
  };
  const make = (more: LogFields): Logger => ({
    debug: at('debug', more),
    info: at('info', more),
    warn: at('warn', more),
    error: at('error', more),
    with: (fields) => make({ ...more, ...fields }),
  });
  return { ...make({}), lines };
}
