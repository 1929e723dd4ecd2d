import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { Meter } from '../../machinery/meter.ts';
import { EventQueue } from './event-queue.ts';
import { LogFile } from './log-file.ts';
import type { LogFileOptions } from './log-file.ts';
import type { Sink, SinkMode } from './sink.ts';

export interface LogSinkOptions extends Omit<LogFileOptions, 'now'> {
  mode: SinkMode;
  clock: Clock;
  logger: Logger;
  meter: Meter;
}

/** Written together; a second in a buffer is what a crash loses at most. */
const BATCH = { batchSize: 1000, batchWaitMs: 100 };
/** A full disk: the buffer takes what it can meanwhile. */
const RETRY_MS = Array.from({ length: 60 }, () => 1000);

/** Lines of JSON in a file that rotates, or on standard output for `-`. @throws Error of node:fs */
export async function openLogSink({ mode, clock, logger, meter, ...log }: LogSinkOptions): Promise<Sink> {
  const queue = { name: 'log', mode, ...BATCH, retryMs: RETRY_MS, clock, logger, meter };
  if (log.file === '-') return new EventQueue({ ...queue, deliver: print });
  // As kube-apiserver does (AuditLogOptions ensureLogFile).
  await mkdir(path.dirname(log.file), { recursive: true, mode: 0o700 });
  const file = new LogFile({ ...log, now: () => clock.now() });
  await file.open();
  return new EventQueue({
    ...queue,
    deliver: (events) => file.append(events.map((event) => `${event}\n`)),
    end: () => file.close(),
  });
}

async function print(events: readonly string[]): Promise<void> {
  if (process.stdout.write(`${events.join('\n')}\n`)) return;
  await once(process.stdout, 'drain');
}
