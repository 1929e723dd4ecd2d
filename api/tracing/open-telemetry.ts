import { AsyncLocalStorage } from 'node:async_hooks';
import { ROOT_CONTEXT, SpanKind as Kinds, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Context, Span as OtelSpan, Tracer as OtelTracer } from '@opentelemetry/api';
import { RandomIdGenerator, SamplingDecision } from '@opentelemetry/sdk-trace';
import type { IdGenerator, Sampler } from '@opentelemetry/sdk-trace';
import { isStatusError } from '../machinery/status-error.ts';
import type { TraceContext } from '../machinery/tracing/trace-context.ts';
import type {
  RecordedSpan,
  Span,
  SpanAttributes,
  SpanKind,
  SpanOptions,
  Tracer,
} from '../machinery/tracing/tracer.ts';

/** Ids by chance, but for a span whose ids others know already. */
export class GivenIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #given: TraceContext | undefined;

  /** The next span gets these ids; making a span takes no time in which another one could come. */
  next(given: TraceContext | undefined): void {
    this.#given = given;
  }

  generateTraceId(): string {
    return this.#given?.traceId ?? this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.#given?.spanId ?? this.#random.generateSpanId();
  }
}

export interface OpenTelemetryParts {
  tracer: OtelTracer;
  ids: GivenIds;
  sampler: Sampler;
}

interface Active {
  context: TraceContext;
  isUsed: boolean;
}

interface LazySpan {
  name: string;
  parent: TraceContext;
  kind: SpanKind;
  attributes: SpanAttributes;
}

const KINDS: Readonly<Record<SpanKind, Kinds>> = {
  client: Kinds.CLIENT,
  internal: Kinds.INTERNAL,
  server: Kinds.SERVER,
};

/** A Tracer whose spans go to the SDK of OpenTelemetry. Nothing of it is global: a process may have several. */
export class OpenTelemetryTracer implements Tracer {
  readonly isOn = true;
  readonly #tracer: OtelTracer;
  readonly #ids: GivenIds;
  readonly #sampler: Sampler;
  readonly #storage = new AsyncLocalStorage<Active>();

  constructor({ tracer, ids, sampler }: OpenTelemetryParts) {
    this.#tracer = tracer;
    this.#ids = ids;
    this.#sampler = sampler;
  }

  async span<T>(name: string, options: SpanOptions, act: (span: Span) => Promise<T>): Promise<T> {
    const { parent = this.active(), kind = 'internal', attributes = {}, onlyIfUsed = false } = options;
    if (onlyIfUsed && parent !== undefined) return this.#lazily({ name, parent, kind, attributes }, act);
    const started = this.#tracer.startSpan(name, { kind: KINDS[kind], attributes }, contextOf(parent));
    try {
      return await this.within(plainContext(started), () => act(spanOf(started)));
    } catch (error) {
      fail(started, reasonOf(error));
      throw error;
    } finally {
      started.end();
    }
  }

  /** Recorded at its end, if at all. */
  async #lazily<T>(
    { name, parent, kind, attributes }: LazySpan,
    act: (span: Span) => Promise<T>,
  ): Promise<T> {
    const own: Active = { context: { ...parent, spanId: this.#ids.generateSpanId() }, isUsed: false };
    const startedAt = now();
    let all = attributes;
    let failure: string | undefined;
    const noted: Span = {
      set: (more) => (all = { ...all, ...more }),
      fail: (reason) => (failure = reason),
    };
    try {
      return await this.#storage.run(own, () => act(noted));
    } catch (error) {
      failure = reasonOf(error);
      throw error;
    } finally {
      const { context, isUsed } = own;
      const times = { startedAt, endedAt: now() };
      if (isUsed) this.record(name, { context, parent, kind, attributes: all, ...times, failure });
    }
  }

  record(name: string, recorded: RecordedSpan): void {
    const { context, parent, kind = 'internal', attributes = {}, startedAt, endedAt, failure } = recorded;
    const options = { kind: KINDS[kind], attributes, startTime: hrTime(startedAt) };
    this.#ids.next(context);
    const made = this.#tracer.startSpan(name, options, contextOf(parent));
    this.#ids.next(undefined);
    if (failure !== undefined) fail(made, failure);
    made.end(hrTime(Math.max(startedAt, endedAt)));
  }

  within<T>(context: TraceContext | undefined, act: () => T): T {
    return context === undefined ? act() : this.#storage.run({ context, isUsed: false }, act);
  }

  active(): TraceContext | undefined {
    return this.#storage.getStore()?.context;
  }

  handOn(): TraceContext | undefined {
    const store = this.#storage.getStore();
    if (store !== undefined) store.isUsed = true;
    return store?.context;
  }

  root(given: Omit<TraceContext, 'sampled'>): TraceContext {
    const { decision } = this.#sampler.shouldSample(ROOT_CONTEXT, given.traceId, '', Kinds.INTERNAL, {}, []);
    return { ...given, sampled: decision === SamplingDecision.RECORD_AND_SAMPLED };
  }
}

/** Milliseconds since the epoch, with parts of them. */
const now = (): number => performance.timeOrigin + performance.now();

/** Seconds and nanoseconds: a plain number may be taken for one since the start of the process. */
function hrTime(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1_000_000)];
}

function contextOf(parent: TraceContext | undefined): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, sampled } = parent;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: sampled ? 1 : 0, isRemote: true });
}

function plainContext(span: OtelSpan): TraceContext {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return { traceId, spanId, sampled: (traceFlags & 1) === 1 };
}

const spanOf = (span: OtelSpan): Span => ({
  set: (attributes) => void span.setAttributes(attributes),
  fail: (reason) => fail(span, reason),
});

/** The words of an error may repeat what somebody has written: only its kind is told. */
function fail(span: OtelSpan, reason: string): void {
  span.setAttribute('error.type', reason);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function reasonOf(error: unknown): string {
  if (isStatusError(error)) return error.reason;
  return error instanceof Error ? error.name : 'Error';
}
