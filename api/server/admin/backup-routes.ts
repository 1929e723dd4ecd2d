import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Hono } from 'hono';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import { StatusError, toStatusError } from '../../machinery/status-error.ts';
import { logFailure } from '../answer/failure.ts';
import { openLiveStream, streamHead } from '../answer/live-stream.ts';
import type { RequestContext, ServerTypes } from '../server-environment.ts';

const CONTENT_TYPE = 'application/gzip';

/** Where the bytes of a backup come from. */
export interface Backups {
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface BackupRoutesOptions {
  backups: Backups;
  clock: Clock;
  logger: Logger;
}

const PATH = '/admin/backup';

/** It goes on for as long as there is something to send. */
export const isBackup = (path: string): boolean => path === PATH;

/**
 * `GET /admin/backup`. One at a time: it costs the server as much as many requests. It has no deadline; it is cut when
 * its reader takes nothing for half a minute, and when its right to it is gone. A HEAD starts none.
 */
export function mountBackup(app: Hono<ServerTypes>, options: BackupRoutesOptions): void {
  let busy = false;
  app.get(PATH, async (c) => {
    if (c.req.method === 'HEAD') return streamHead(CONTENT_TYPE);
    if (busy) throw anotherRuns();
    busy = true;
    try {
      return await sendBackup(c, options);
    } finally {
      busy = false;
    }
  });
}

async function sendBackup(c: RequestContext, options: BackupRoutesOptions): Promise<Response> {
  const { outgoing } = c.env;
  const closing = c.var.ended;
  const left = new AbortController();
  outgoing.once('close', () => left.abort());
  const signal = AbortSignal.any([left.signal, closing]);
  const chunks = options.backups.read(signal)[Symbol.asyncIterator]();
  try {
    // What fails at the beginning is answered in full; from then on a cut is all that can be said.
    const first = await firstOf(chunks);
    const { clock } = options;
    const stream = openLiveStream(outgoing, { contentType: CONTENT_TYPE, clock, closing });
    try {
      await stream.send([first]);
      for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
        await stream.send([next.value]);
      }
      stream.end();
    } catch (error) {
      if (!stream.signal.aborted) logFailure(toStatusError(error), options.logger);
      stream.cut();
    }
    return RESPONSE_ALREADY_SENT;
  } finally {
    await chunks.return?.();
  }
}

async function firstOf(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  try {
    const first = await chunks.next();
    return first.value as Uint8Array;
  } catch (error) {
    const text = 'the backup could not be started; try again, and see the log of the server';
    throw new StatusError('ServiceUnavailable', text, { cause: error, details: { retryAfterSeconds: 1 } });
  }
}

function anotherRuns(): StatusError {
  return new StatusError('TooManyRequests', 'another backup is being made; try again when it has ended', {
    details: { retryAfterSeconds: 10 },
  });
}
