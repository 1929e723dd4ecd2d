import { describe, expect, it } from 'vitest';
import { readTraceparent, traceparentOf } from './trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('a traceparent', () => {
  it.each([
    { text: `00-${TRACE}-${SPAN}-01`, want: true, reason: 'sampled' },
    { text: `00-${TRACE}-${SPAN}-00`, want: false, reason: 'not sampled' },
    { text: `00-${TRACE}-${SPAN}-03`, want: true, reason: 'other flags are left alone' },
    { text: `01-${TRACE}-${SPAN}-01-more`, want: true, reason: 'a later version, with a field more' },
    { text: `00-${TRACE}-${SPAN}-01-more`, want: undefined, reason: 'this version has no further field' },
    { text: `ff-${TRACE}-${SPAN}-01`, want: undefined, reason: 'no version' },
    { text: `00-${'0'.repeat(32)}-${SPAN}-01`, want: undefined, reason: 'no trace' },
    { text: `00-${TRACE}-${'0'.repeat(16)}-01`, want: undefined, reason: 'no span' },
    { text: `00-${TRACE.toUpperCase()}-${SPAN}-01`, want: undefined, reason: 'digits are in lower case' },
    { text: `00-${TRACE}-${SPAN}`, want: undefined, reason: 'no flags' },
    { text: '', want: undefined, reason: 'nothing' },
    { text: undefined, want: undefined, reason: 'no header' },
  ])('$text: $reason', ({ text, want, reason }) => {
    const read = readTraceparent(text);
    expect(read?.sampled, reason).toBe(want);
    if (read !== undefined) expect(read).toMatchObject({ traceId: TRACE, spanId: SPAN });
  });

  it('is written as it is read', () => {
    const context = { traceId: TRACE, spanId: SPAN, sampled: true };
    expect(readTraceparent(traceparentOf(context))).toEqual(context);
    const left = { ...context, sampled: false };
    expect(readTraceparent(traceparentOf(left))).toEqual(left);
  });
});
