import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { createTaskEventText } from '../machinery/task-event-text.ts';
import type { TaskEvent } from '../machinery/task-event.ts';
import { badRequest, toStatusError } from '../machinery/status-error.ts';
import type { TaskLogs } from '../registry/task-log.ts';
import { readObject } from './body.ts';
import { logFailure } from './failure.ts';
import { type LiveStream, openLiveStream } from './live-stream.ts';
import { parseMediaType } from './media-type.ts';
import { isTrue, wholeNumber } from './query.ts';
import { replyJson } from './reply.ts';
import { type ResourceRequest, targetOf } from './resource-request.ts';
import type { RequestContext } from './server-environment.ts';

/** Appends a batch of the events of a Task. */
export async function handleAppendLog(request: ResourceRequest, taskLogs: TaskLogs): Promise<Response> {
  const { value } = await readObject(request.c.env.incoming, { kind: 'TaskEventAppend', protobuf: false });
  return replyJson(await taskLogs.append(targetOf(request), value));
}

export async function handleMessages(request: ResourceRequest, taskLogs: TaskLogs): Promise<Response> {
  return replyJson({ items: await taskLogs.messages(targetOf(request)) });
}

/** The log of a Task, to its end with `?follow=true`. */
export async function handleReadLog(request: ResourceRequest, taskLogs: TaskLogs): Promise<Response> {
  const { c, options } = request;
  const target = targetOf(request);
  const after = sequenceNumber(c);
  const format = createFormat(c);
  // Answers NotFound while there is still a status to give.
  await options.registry.get(target);
  using _place = c.var.places.longRunning();
  const stream = openLiveStream(c.env.outgoing, {
    contentType: format.contentType,
    clock: options.clock,
    closing: options.closing,
  });
  const follow = isTrue(c.req.query('follow'));
  try {
    const events = taskLogs.read(target, { after, follow, signal: stream.signal });
    await send(events, stream, format);
    // A reader must be able to tell the end of the log from a server that stops.
    if (stream.signal.aborted) stream.cut();
    else stream.end();
  } catch (error) {
    if (!stream.signal.aborted) logFailure(toStatusError(error), options.logger);
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
  format(event: TaskEvent): string;
  /** What is to follow the last event. */
  end(): string;
}

async function send(
  events: AsyncIterable<readonly TaskEvent[]>,
  stream: LiveStream,
  format: LogFormat,
): Promise<void> {
  for await (const batch of events) await stream.write(batch.map((event) => format.format(event)));
  if (!stream.signal.aborted) await stream.write([format.end()]);
}

/** Text for people, or one JSON object per line. @throws StatusError BadRequest for another format */
function createFormat(c: RequestContext): LogFormat {
  const asked = c.req.query('format') ?? '';
  const accepts = (c.req.header('accept') ?? '').split(',').map((range) => parseMediaType(range).type);
  if (asked === 'jsonl' || (asked === '' && accepts.includes('application/x-ndjson'))) {
    return {
      contentType: 'application/x-ndjson',
      format: (event) => `${JSON.stringify(event)}\n`,
      end: () => '',
    };
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
    format: (event) => text.add(event),
    end: () => text.end(),
  };
}
