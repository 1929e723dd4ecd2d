import { describe, expect, it } from 'vitest';
import { silentTracer } from '../machinery/tracing/tracer.ts';
import { TRACEPARENT, TRACESTATE, traceAnnotations, traceOf } from './trace.ts';

const UID = '4bf92f35-77b3-4da6-a3ce-929d0e0e4736';
const PARENT = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', sampled: true };
const MADE = Date.UTC(2026, 0, 1, 12, 0, 0, 345);
const on = { isOn: true, root: (ids: { traceId: string; spanId: string }) => ({ ...ids, sampled: true }) };

const object = (annotations: Record<string, string> = {}, uid = UID) => ({
  metadata: { uid, annotations, creationTimestamp: '2026-01-01T12:00:00Z' },
});

describe('the trace of an object', () => {
  it('is that of whoever made it, with spans of its own', () => {
    expect(traceOf(object(traceAnnotations(PARENT, MADE)), on)).toEqual({
      own: { traceId: PARENT.traceId, spanId: '4bf92f3577b34da6', sampled: true },
      agent: { traceId: PARENT.traceId, spanId: 'a3ce929d0e0e4736', sampled: true },
      parent: PARENT,
      madeAt: MADE,
    });
  });

  it('is one of its own where nobody has noted any', () => {
    expect(traceOf(object(), on)).toMatchObject({
      own: { traceId: UID.replaceAll('-', ''), spanId: '4bf92f3577b34da6' },
      parent: undefined,
    });
  });

  it.each([
    { given: object(), tracer: silentTracer, reason: 'nothing is recorded' },
    { given: object({}, 'not-a-uuid'), tracer: on, reason: 'the uid is another server’s' },
    {
      given: object(traceAnnotations({ ...PARENT, sampled: false }, MADE)),
      tracer: on,
      reason: 'it was decided not to',
    },
  ])('is none: $reason', ({ given, tracer, reason }) => {
    expect(traceOf(given, tracer), reason).toBeUndefined();
  });

  it.each([
    { state: `troupe=${MADE}`, want: MADE, reason: 'to the millisecond' },
    { state: `vendor=1,troupe=${MADE}`, want: MADE, reason: 'among others' },
    { state: 'troupe=1', want: MADE - 345, reason: 'the annotation of another object' },
    { state: 'nonsense', want: MADE - 345, reason: 'no state' },
  ])('begins when it was made: $reason', ({ state, want, reason }) => {
    const annotations = { ...traceAnnotations(PARENT, MADE), [TRACESTATE]: state };
    expect(traceOf(object(annotations), on)?.madeAt, reason).toBe(want);
  });

  it('ignores an annotation that is no traceparent', () => {
    expect(traceOf(object({ [TRACEPARENT]: 'x' }), on)?.parent).toBeUndefined();
  });
});
