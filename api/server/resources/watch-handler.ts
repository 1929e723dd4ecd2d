import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { toStatusError } from '../../machinery/status-error.ts';
import type { WatchItem, WatchQuery } from '../../registry/requests.ts';
import { logFailure } from '../answer/failure.ts';
import type { Representation } from '../answer/representation.ts';
import { notAcceptable, prefersYaml } from '../request/media-type.ts';
import { eventEncoder, eventLine } from '../answer/event-encoder.ts';
import { openLiveStream, streamHead } from '../answer/live-stream.ts';
import type { LiveStream } from '../answer/live-stream.ts';
import { collectionQuery, isGiven, wholeNumber } from '../request/query.ts';
import { representationFor } from '../answer/negotiated-representation.ts';
import type { ResourceRequest } from '../request/resource-request.ts';

/** As kube-apiserver (--min-request-timeout): a random time, so that not all clients come back at once. */
const MIN_TIMEOUT_SECONDS = 1800;

const END_GRACE_MS = 5000;

const CONTENT_TYPE = 'application/json';

/** YAML has no way to send one object after the other that clients know. */
const STREAMED_TYPES = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];

/** One JSON line per event until the client leaves, the time is over or the server stops. */
export async function handleWatch(request: ResourceRequest): Promise<Response> {
  const { c, options } = request;
  if (prefersYaml(c.req.header('accept'))) throw notAcceptable(STREAMED_TYPES);
  const representation = representationFor(request);
  const seconds = wholeNumber(c, 'timeoutSeconds') || MIN_TIMEOUT_SECONDS * (1 + Math.random());
  if (c.req.method === 'HEAD') return streamHead(CONTENT_TYPE);
  const cancel = new AbortController();
  // Refuses what makes no sense before the headers leave.
  const events = options.registry.watch({
    ...watchQuery(request),
    timeoutMs: seconds * 1000,
    signal: cancel.signal,
  });
  using _place = c.var.places.longRunning();
  const stream = openLiveStream(c.env.outgoing, {
    contentType: CONTENT_TYPE,
    // The watch ends by itself, with a bookmark; this is for one whose reader takes nothing.
    timeoutMs: seconds * 1000 + END_GRACE_MS,
    clock: options.clock,
    closing: c.var.ended,
  });
  stream.signal.addEventListener('abort', () => cancel.abort(), { once: true });
  if (stream.signal.aborted) cancel.abort();
  await pump(events, { stream, representation, request });
  return RESPONSE_ALREADY_SENT;
}

function watchQuery(request: ResourceRequest): Omit<WatchQuery, 'signal'> {
  const { c } = request;
  return {
    ...collectionQuery(request),
    allowWatchBookmarks: isGiven(c.req.query('allowWatchBookmarks')),
  };
}

interface Pump {
  stream: LiveStream;
  representation: Representation;
  request: ResourceRequest;
}

async function pump(
  events: AsyncIterable<readonly WatchItem[]>,
  { stream, representation, request: { resource, options } }: Pump,
): Promise<void> {
  try {
    const encode = eventEncoder(representation);
    for await (const items of events) {
      options.metrics.countWatchEvents(resource, items.length);
      await stream.send(encode(items));
    }
  } catch (error) {
    // A stream that is over says nothing more; any other failure is the last event.
    if (!stream.signal.aborted) {
      const failure = toStatusError(error);
      if (failure.reason === 'InternalError') logFailure(failure, options.logger);
      await stream.write([eventLine('ERROR', JSON.stringify(failure.toStatus()))]).catch(() => undefined);
    }
  }
  stream.end();
}
