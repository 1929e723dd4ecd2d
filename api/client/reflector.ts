import { backOffDelay } from '../machinery/back-off.ts';
import type { BackOff } from '../machinery/back-off.ts';
import { sleep, systemClock } from '../machinery/clock.ts';
import type { Clock } from '../machinery/clock.ts';
import { describeError, silentLogger } from '../machinery/logger.ts';
import type { Logger } from '../machinery/logger.ts';
import type { KubeObject } from '../machinery/meta.ts';
import type { ResourceType } from '../machinery/resource-type.ts';
import { isStatusError, StatusError } from '../machinery/status-error.ts';
import type { WatchEvent } from '../machinery/watch-event.ts';
import type { Client, ListOptions } from './client.ts';
import { statusToError } from './transport-error.ts';

/** Where a reflector puts what it learns. */
export interface ReflectorTarget<T extends KubeObject> {
  /** The whole set as it is now; objects that are not in it are gone. Called first, and after each gap. */
  replace(objects: readonly T[]): void;
  /** The next change, in order. For `DELETED` the object is its last state. */
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void;
}

export interface ReflectorOptions<T extends KubeObject> {
  client: Pick<Client, 'list' | 'watch'>;
  type: ResourceType<T>;
  target: ReflectorTarget<T>;
  /** Ends the loop. */
  signal: AbortSignal;
  /** Absent: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Only the metadata of objects is wanted. */
  metadataOnly?: boolean;
  /**
   * The part of an object that the target gets; the whole when absent. Asked as soon as the object has come, so that the rest of a
   * long list does not wait in memory for its last page (client-go's cache.TransformFunc). A DELETED object is transformed too.
   */
  transform?: (object: T) => T;
  /** Told of each failure before the next try. */
  onError?: (error: unknown) => void;
  logger?: Logger;
  clock?: Clock;
  /** [0, 1); for jitter. */
  random?: () => number;
}

/** Waits of 0.1 s to 3 s, doubled after each failure, half of it random, so that clients do not return together. */
const BACK_OFF: BackOff = { first: 100, max: 3000, jitter: 0.5 };
/** A watch that ended sooner without any event is a failure too (client-go's VeryShortWatchError). */
const SHORT_WATCH_MS = 1000;
/** Watches are asked to end after 5 to 10 minutes, as client-go asks, so that replicas share them out anew. */
const WATCH_SECONDS = 300;
const PAGE_SIZE = 500;

/**
 * Keeps `target` equal to what the server has: lists, watches from there, and begins again after whatever
 * goes wrong. Resolves when the signal aborts, and never before; never rejects (ADR 0002).
 */
export async function runReflector<T extends KubeObject>(options: ReflectorOptions<T>): Promise<void> {
  const { signal } = options;
  const clock = options.clock ?? systemClock;
  const logger = (options.logger ?? silentLogger).with({ resource: options.type.plural });
  const state: State = { revision: undefined, failures: 0 };
  while (!signal.aborted) {
    try {
      if (state.revision === undefined) state.revision = await relist(options);
      await watchOnce(options, state, clock);
    } catch (error) {
      if (signal.aborted) return;
      note(state, error, logger);
      options.onError?.(error);
      await waitBeforeRetry(options, state, clock);
    }
  }
}

/** A watch that ended before it could be of use. */
class ShortWatch extends StatusError {}

/** With so many failures in a row, the kind is not only on its way out. */
const KIND_GONE_FAILURES = 3;

interface State {
  /** The revision that everything up to is in the target; undefined: list first. */
  revision: string | undefined;
  /** Failures since the last sign of progress. */
  failures: number;
}

/** What the failure says about the position: unless the server was merely away, the only safe thing is a new list. */
function note(state: State, error: unknown, logger: Logger): void {
  const away = isStatusError(error, 'ServiceUnavailable') || isStatusError(error, 'TooManyRequests');
  if (!away) state.revision = undefined;
  state.failures += 1;
  const fields = { cause: describeError(error), failures: state.failures };
  if (isStatusError(error, 'Expired') || isStatusError(error, 'Gone')) {
    logger.debug('revision expired, listing anew', fields);
  } else if (isQuiet(error, away, state.failures)) {
    logger.debug('list or watch failed, trying again', fields);
  } else {
    logger.warn('list or watch failed, trying again', fields);
  }
}

/** Whether a failure is told to nobody but those who look for it. */
function isQuiet(error: unknown, away: boolean, failures: number): boolean {
  // Said once: each reflector of a process sees the same outage, again and again.
  if (away) return failures > 1;
  // So it looks, for a moment, when the definition of a kind is deleted: whoever watches it is about to stop.
  return failures < KIND_GONE_FAILURES && (isStatusError(error, 'NotFound') || error instanceof ShortWatch);
}

async function waitBeforeRetry<T extends KubeObject>(
  options: ReflectorOptions<T>,
  state: State,
  clock: Clock,
): Promise<void> {
  const wait = backOffDelay(BACK_OFF, state.failures, options.random);
  // The wait may only end by the abort, which the loop sees itself.
  await sleep(clock, wait, options.signal).catch(() => undefined);
}

function selection<T extends KubeObject>(options: ReflectorOptions<T>): ListOptions {
  const { namespace, labelSelector, fieldSelector, metadataOnly, signal } = options;
  return {
    signal,
    ...(metadataOnly === undefined ? {} : { metadataOnly }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
}

/** Puts the whole set into the target, page by page from one snapshot, and returns its revision. */
async function relist<T extends KubeObject>(options: ReflectorOptions<T>): Promise<string> {
  const { type, transform = unchanged } = options;
  const objects: T[] = [];
  let token: string | undefined;
  let revision: string | undefined;
  do {
    const page = await options.client.list(type, {
      ...selection(options),
      limit: PAGE_SIZE,
      ...(token === undefined ? {} : { continue: token }),
    });
    for (const item of page.items) objects.push(transform(withTypeMeta(type, item)));
    token = page.metadata.continue === '' ? undefined : page.metadata.continue;
    revision = page.metadata.resourceVersion;
  } while (token !== undefined);
  if (revision === undefined || revision === '') {
    throw new StatusError('InternalError', `the list of ${type.plural} has no resourceVersion`);
  }
  options.target.replace(objects);
  return revision;
}

const unchanged = <T>(object: T): T => object;

/** Items of a built-in kind's list carry neither apiVersion nor kind; those of a watch do. */
function withTypeMeta<T extends KubeObject>(type: ResourceType<T>, item: T): T {
  if (item.kind !== undefined && item.apiVersion !== undefined) return item;
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  return { ...item, apiVersion, kind: type.kind };
}

/** One watch from `state.revision`, moving it on. Returns when the server ended it after some progress. */
async function watchOnce<T extends KubeObject>(
  options: ReflectorOptions<T>,
  state: State,
  clock: Clock,
): Promise<void> {
  const began = clock.now();
  let events = 0;
  const random = options.random ?? Math.random;
  const stream = options.client.watch(options.type, {
    ...selection(options),
    resourceVersion: state.revision ?? '',
    allowWatchBookmarks: true,
    timeoutSeconds: Math.round(WATCH_SECONDS * (1 + random())),
  });
  for await (const event of stream) {
    if (options.signal.aborted) return;
    applyEvent(options, state, event);
    events += 1;
    state.failures = 0;
  }
  if (events === 0 && clock.now() - began < SHORT_WATCH_MS && !options.signal.aborted) {
    throw new ShortWatch('InternalError', 'the watch ended at once without an event');
  }
  state.failures = 0;
}

function applyEvent<T extends KubeObject>(
  { target, transform = unchanged }: ReflectorOptions<T>,
  state: State,
  event: WatchEvent<T>,
): void {
  if (event.type === 'ERROR') throw statusToError(event.object);
  const revision = event.object.metadata.resourceVersion;
  if (revision === undefined || isBefore(revision, state.revision)) {
    throw new StatusError(
      'InternalError',
      `the watch went from revision ${state.revision} to ${String(revision)}`,
    );
  }
  if (event.type !== 'BOOKMARK') target.apply(event.type, transform(event.object));
  state.revision = revision;
}

/** A server whose revisions go back was restored from an older state: what we hold may not exist any more. */
function isBefore(revision: string, known: string | undefined): boolean {
  if (known === undefined || !/^\d+$/.test(revision) || !/^\d+$/.test(known)) return false;
  return BigInt(revision) < BigInt(known);
}
