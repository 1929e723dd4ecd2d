import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { toStatusError } from '../machinery/status-error.ts';
import type { WatchItem, WatchQuery } from '../registry/requests.ts';
import type { Resource } from '../registry/resource.ts';
import { logFailure } from './failure.ts';
import type { Representation } from './list-text.ts';
import { type LiveStream, openLiveStream } from './live-stream.ts';
import { collectionQuery, isTrue, wholeNumber } from './query.ts';
import { representationFor } from './resource-request.ts';
import type { HandlerOptions, RequestContext } from './server-environment.ts';

/** As kube-apiserver (--min-request-timeout): a random time, so that not all clients come back at once. */
const MIN_TIMEOUT_SECONDS = 1800;

/** One JSON line per event until the client leaves, the time is over or the server stops. */
export async function handleWatch(
  c: RequestContext,
  resource: Resource,
  options: HandlerOptions,
): Promise<Response> {
  const representation = representationFor(c, resource, options);
  const seconds = wholeNumber(c, 'timeoutSeconds') || MIN_TIMEOUT_SECONDS * (1 + Math.random());
  const cancel = new AbortController();
  // Refuses what makes no sense before the headers leave.
  const events = options.registry.watch({ ...watchQuery(c, resource), signal: cancel.signal });
  const stream = openLiveStream(c.env.outgoing, {
    contentType: 'application/json',
    timeoutMs: seconds * 1000,
    clock: options.clock,
    closing: options.closing,
  });
  stream.signal.addEventListener('abort', () => cancel.abort(), { once: true });
  if (stream.signal.aborted) cancel.abort();
  await pump(events, { stream, representation, logger: options.logger });
  return RESPONSE_ALREADY_SENT;
}

function watchQuery(c: RequestContext, resource: Resource): Omit<WatchQuery, 'signal'> {
  const sendInitialEvents = c.req.query('sendInitialEvents');
  return {
    ...collectionQuery(c, resource),
    allowWatchBookmarks: isTrue(c.req.query('allowWatchBookmarks')),
    ...(sendInitialEvents === undefined || sendInitialEvents === ''
      ? {}
      : { sendInitialEvents: isTrue(sendInitialEvents) }),
  };
}

interface Pump {
  stream: LiveStream;
  representation: Representation;
  logger: HandlerOptions['logger'];
}

async function pump(
  events: AsyncIterable<readonly WatchItem[]>,
  { stream, representation, logger }: Pump,
): Promise<void> {
  try {
    for await (const items of events) {
      await stream.write(items.map((item) => eventLine(item.type, representation.eventObject(item))));
    }
  } catch (error) {
    // A stream that is over says nothing more; any other failure is the last event.
    if (!stream.signal.aborted) {
      const failure = toStatusError(error);
      if (failure.reason === 'InternalError') logFailure(failure, logger);
      await stream.write([eventLine('ERROR', JSON.stringify(failure.toStatus()))]).catch(() => undefined);
    }
  }
  stream.end();
}

const eventLine = (type: string, object: string): string => `{"type":"${type}","object":${object}}\n`;
