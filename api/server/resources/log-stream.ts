import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { createTaskEventText } from '../../types/tasks/task-event-text.ts';
import type { TaskEvent } from '../../types/tasks/task-event.ts';
import { badRequest, toStatusError } from '../../machinery/status-error.ts';
import { logFailure } from '../answer/failure.ts';
import { chunked, openLiveStream, streamHead } from '../answer/live-stream.ts';
import { logLines } from '../answer/log-lines.ts';
import { parseMediaType } from '../request/media-type.ts';
import { isTrue, wholeNumber } from '../request/query.ts';
import type { HandlerOptions, RequestContext } from '../server-environment.ts';

export interface LogQuery {
  /** Only later events. */
  after: number;
  signal: AbortSignal;
}

type LogReader = (query: LogQuery) => AsyncIterable<readonly TaskEvent[]>;

type StreamOptions = Pick<HandlerOptions, 'clock' | 'logger'>;

/**
 * Answers with the events of a log, as `after`, `format` and the rest of the query ask for. `open` rejects with the
 * Status to answer while there is still one to give.
 */
export async function streamLog(
  c: RequestContext,
  options: StreamOptions,
  open: () => Promise<LogReader>,
): Promise<Response> {
  const after = sequenceNumber(c);
  const format = createFormat(c);
  const read = await open();
  const { contentType } = format;
  const pieces: LogPieces = (signal) => formatted(read({ after, signal }), format);
  return streamPieces(c, options, { contentType, pieces });
}

/** The bytes of a log for a client, piece by piece; ends with the signal. */
export type LogPieces = (signal: AbortSignal) => AsyncIterable<Iterable<Uint8Array | string>>;

/** Answers with what grows for as long as there is more, and takes a place among the streams. */
export async function streamPieces(
  c: RequestContext,
  { clock, logger }: StreamOptions,
  { contentType, pieces }: { contentType: string; pieces: LogPieces },
): Promise<Response> {
  if (c.req.method === 'HEAD') return streamHead(contentType);
  using _place = c.var.places.longRunning();
  const stream = openLiveStream(c.env.outgoing, { contentType, clock, closing: c.var.ended });
  try {
    for await (const chunks of pieces(stream.signal)) await stream.send(chunks);
    // A reader must be able to tell the end of the log from a server that stops.
    if (stream.signal.aborted) stream.cut();
    else stream.end();
  } catch (error) {
    if (!stream.signal.aborted) logFailure(toStatusError(error), logger);
    stream.cut();
  }
  return RESPONSE_ALREADY_SENT;
}

/** Options of lists take a negative number for none; a number of events has no such reading. */
function sequenceNumber(c: RequestContext): number {
  const text = c.req.query('after') ?? '';
  if (text.startsWith('-')) throw badRequest(`after: Invalid value: ${JSON.stringify(text.slice(0, 256))}`);
  return wholeNumber(c, 'after') ?? 0;
}

interface LogFormat {
  contentType: string;
  format(events: readonly TaskEvent[]): Iterable<Uint8Array | string>;
  /** What is to follow the last event. */
  end(): string;
}

async function* formatted(
  events: AsyncIterable<readonly TaskEvent[]>,
  format: LogFormat,
): AsyncGenerator<Iterable<Uint8Array | string>> {
  for await (const batch of events) yield format.format(batch);
  yield [format.end()];
}

/** Text for people, or one JSON object per line. @throws StatusError BadRequest for another format */
function createFormat(c: RequestContext): LogFormat {
  const asked = c.req.query('format') ?? '';
  const accepts = (c.req.header('accept') ?? '').split(',').map((range) => parseMediaType(range).type);
  if (asked === 'jsonl' || (asked === '' && accepts.includes('application/x-ndjson'))) {
    return { contentType: 'application/x-ndjson', format: logLines, end: () => '' };
  }
  if (asked !== '' && asked !== 'text') {
    throw badRequest(
      `format: Unsupported value: ${JSON.stringify(asked)}: supported values: "jsonl", "text"`,
    );
  }
  const text = createTaskEventText({
    timestamps: isTrue(c.req.query('timestamps')),
    thinking: isTrue(c.req.query('thinking')),
  });
  return {
    contentType: 'text/plain; charset=utf-8',
    format: (events) => chunked(events.map((event) => text.add(event))),
    end: () => text.end(),
  };
}
