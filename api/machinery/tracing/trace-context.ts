/** The place of a span among all traces (https://www.w3.org/TR/trace-context/). */
export interface TraceContext {
  /** 32 hex digits, not all of them 0. */
  traceId: string;
  /** 16 hex digits, not all of them 0. */
  spanId: string;
  /** Whether it was decided to record the trace. */
  sampled: boolean;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;
const SAMPLED = 1;

/** The context of a `traceparent`; undefined for any other text, which is as if there were no text. */
export function readTraceparent(text: string | undefined): TraceContext | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] = TRACEPARENT.exec(text ?? '') ?? [];
  if (version === undefined || version === 'ff') return undefined;
  // Later versions may have more fields; version 00 has none.
  if (version === '00' && more !== undefined) return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

export const traceparentOf = ({ traceId, spanId, sampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
