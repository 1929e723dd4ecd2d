import { readTraceparent, traceparentOf } from '../machinery/tracing/trace-context.ts';
import type { TraceContext } from '../machinery/tracing/trace-context.ts';
import type { Tracer } from '../machinery/tracing/tracer.ts';

/**
 * Carries the trace of an object: what is done for it belongs below this span. On a Task it is the request that made the
 * Task, noted by the server; on a Sandbox the span of its Task, noted by the controllers.
 */
export const TRACEPARENT = 'agent.wecode.io/traceparent';
/** When the object was made, to the millisecond: `troupe=MILLISECONDS` (https://www.w3.org/TR/trace-context/#tracestate-header). */
export const TRACESTATE = 'agent.wecode.io/tracestate';

interface TracedObject {
  metadata: { uid?: string; annotations?: Record<string, string>; creationTimestamp?: string };
}

/** The spans of an object. Their ids follow from its uid, so that every process knows them, whichever records them. */
export interface ObjectTrace {
  /** The span that the object is. */
  own: TraceContext;
  /** The span of the agent in it, which is a part of `own`. */
  agent: TraceContext;
  /** The span that it is a part of; undefined where nobody has noted one. */
  parent: TraceContext | undefined;
  /** When it was made, in milliseconds since the epoch. */
  madeAt: number;
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const ID_LENGTH = 16;

/** The spans of an object; undefined where nothing of it is recorded. */
export function traceOf(
  { metadata }: TracedObject,
  tracer: Pick<Tracer, 'isOn' | 'root'>,
): ObjectTrace | undefined {
  const { uid = '', annotations = {} } = metadata;
  if (!tracer.isOn || !UUID.test(uid)) return undefined;
  const digits = uid.replaceAll('-', '');
  const parent = readTraceparent(annotations[TRACEPARENT]);
  const spanId = digits.slice(0, ID_LENGTH);
  const own = parent === undefined ? tracer.root({ traceId: digits, spanId }) : { ...parent, spanId };
  if (!own.sampled) return undefined;
  return { own, agent: { ...own, spanId: digits.slice(ID_LENGTH) }, parent, madeAt: madeAt(metadata) };
}

/** The span of the object with a key, for whoever works on objects by their keys. */
export const spansIn =
  (objects: { get(key: string): TracedObject | undefined }, tracer: Pick<Tracer, 'isOn' | 'root'>) =>
  (key: string): TraceContext | undefined => {
    const object = objects.get(key);
    return object && traceOf(object, tracer)?.own;
  };

function madeAt({ annotations = {}, creationTimestamp = '' }: TracedObject['metadata']): number {
  const second = Date.parse(creationTimestamp);
  const [, noted] = /(?:^|,)\s*troupe=(\d{1,15})(?:,|$)/.exec(annotations[TRACESTATE] ?? '') ?? [];
  // A copy of another object may have its annotations too.
  const ms = Number(noted ?? Number.NaN);
  return Math.abs(ms - second) < 2000 ? ms : second;
}

/** The annotations of an object that is made as a part of the span `parent`. */
export function traceAnnotations(parent: TraceContext, now: number): Record<string, string> {
  return { [TRACEPARENT]: traceparentOf(parent), [TRACESTATE]: `troupe=${Math.floor(now)}` };
}
