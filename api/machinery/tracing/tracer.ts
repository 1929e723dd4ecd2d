import type { TraceContext } from './trace-context.ts';

/**
 * Traces as a dependency: whoever works in spans knows nothing of who collects them. Names and attributes are those of
 * OpenTelemetry's semantic conventions where these have any (https://opentelemetry.io/docs/specs/semconv/). An attribute
 * holds no prompt, no words of an agent and no credential.
 */
export interface Tracer {
  /** False: nothing is recorded, and nothing else here does anything. */
  readonly isOn: boolean;
  /** Runs `act` in a span of its own. An error of `act` is that of the span, and is thrown on. */
  span<T>(name: string, options: SpanOptions, act: (span: Span) => Promise<T>): Promise<T>;
  /** Records a span whose times are known. */
  record(name: string, span: RecordedSpan): void;
  /** Runs `act` as a part of the span that `context` names, wherever that is recorded. */
  within<T>(context: TraceContext | undefined, act: () => T): T;
  /** The span that this code runs in. */
  active(): TraceContext | undefined;
  /** As `active`, for a request that goes to another process: the span has led to something. */
  handOn(): TraceContext | undefined;
  /** The context of the first span of a trace whose ids follow from something else, such as the uid of an object. */
  root(ids: Omit<TraceContext, 'sampled'>): TraceContext;
}

export type SpanKind = 'client' | 'internal' | 'server';

/** Numbers, flags and short texts; those that are undefined are left out. */
export type SpanAttributes = Readonly<Record<string, boolean | number | string | undefined>>;

export interface SpanOptions {
  /** Absent: the active span; neither: the span begins a trace. */
  parent?: TraceContext | undefined;
  /** Default internal. */
  kind?: SpanKind;
  attributes?: SpanAttributes;
  /** The span is left out when nothing in it was handed on. */
  onlyIfUsed?: boolean;
}

export interface RecordedSpan {
  /** Its own ids, where others know them already; absent: new ones. */
  context?: TraceContext | undefined;
  /** Absent: it begins its trace. */
  parent?: TraceContext | undefined;
  kind?: SpanKind;
  attributes?: SpanAttributes;
  /** Milliseconds since the epoch. */
  startedAt: number;
  endedAt: number;
  /** Why it failed: a word, such as the reason of a status. */
  failure?: string | undefined;
}

export interface Span {
  set(attributes: SpanAttributes): void;
  /** @param reason a word, such as the reason of a status */
  fail(reason: string): void;
}

const NO_SPAN: Span = { set() {}, fail() {} };

/** Records nothing; the default where no tracer was given. */
export const silentTracer: Tracer = {
  isOn: false,
  span: (_name, _options, act) => act(NO_SPAN),
  record() {},
  within: (_context, act) => act(),
  active: () => undefined,
  handOn: () => undefined,
  root: (ids) => ({ ...ids, sampled: false }),
};
