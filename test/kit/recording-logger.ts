import type { LogFields, Logger } from '#api/machinery/logger';

/** A logger whose lines can be read: level, message and fields as JSON. */
export interface RecordingLogger extends Logger {
  readonly lines: readonly string[];
}

export function recordingLogger(): RecordingLogger {
  const lines: string[] = [];
  const at = (level: string, more: LogFields) => (message: string, fields?: LogFields) =>
    void lines.push(`${level} ${message} ${JSON.stringify({ ...more, ...fields })}`);
  const make = (more: LogFields): Logger => ({
    debug: at('debug', more),
    info: at('info', more),
    warn: at('warn', more),
    error: at('error', more),
    with: (fields) => make({ ...more, ...fields }),
  });
  return { ...make({}), lines };
}
