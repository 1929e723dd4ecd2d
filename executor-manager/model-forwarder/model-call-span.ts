import { PassThrough } from 'node:stream';
import type { TraceContext } from '#api/machinery/tracing/trace-context';
import type { SpanAttributes, Tracer } from '#api/machinery/tracing/tracer';
import { readFacts } from '#model-protocols/answer-facts';
import type { AnswerFacts } from '#model-protocols/answer-facts';
import type { ModelProtocol } from '../protocol/run.ts';
import { providerOf } from '../tracing/sandbox-trace.ts';
import type { CallOutcome } from './forwarder-figures.ts';

/** Where the calls of a run belong in its trace. */
export interface RunTrace {
  /** The span of its agent. */
  agent: TraceContext;
  /** The model that its Model names. */
  model: string | undefined;
}

/** One call of a Model as a span of the trace of its run. */
export interface ModelCallSpan {
  /** The host of the service. */
  to(url: URL): void;
  /** The service answers; the stream gets a copy of the answer, to count what it says that it has used up. Never waited for. */
  answering(answer: { status: number; contentType: string | undefined }): PassThrough | undefined;
  ended(outcome: CallOutcome): void;
}

const UNTRACED: ModelCallSpan = { to() {}, answering: () => undefined, ended() {} };

export interface ModelCallOptions {
  tracer: Tracer;
  trace?: RunTrace | undefined;
  protocol: ModelProtocol;
  /** Path and query, as the agent wrote them. */
  target: string;
}

export function modelCallSpan(options: ModelCallOptions): ModelCallSpan {
  return options.trace === undefined ? UNTRACED : new RecordedCall(options, options.trace);
}

/** The name of a model is said by a service. */
const MOST_NAME = 100;

/** Paths of calls by the operation that they are (semantic conventions for generative AI). */
const OPERATIONS: readonly (readonly [string, string])[] = [
  ['/embeddings', 'embeddings'],
  ['/messages', 'chat'],
  ['/chat/completions', 'chat'],
  ['/responses', 'chat'],
];

class RecordedCall implements ModelCallSpan {
  readonly #options: ModelCallOptions;
  readonly #trace: RunTrace;
  readonly #startedAt = now();
  #attributes: SpanAttributes = {};
  #facts: Promise<AnswerFacts | undefined> = Promise.resolve(undefined);

  constructor(options: ModelCallOptions, trace: RunTrace) {
    this.#options = options;
    this.#trace = trace;
  }

  to({ hostname, port, protocol }: URL): void {
    const standard = protocol === 'https:' ? 443 : 80;
    this.#add({ 'server.address': hostname, 'server.port': port === '' ? standard : Number(port) });
  }

  answering({ status, contentType }: { status: number; contentType: string | undefined }) {
    this.#add({ 'http.response.status_code': status });
    if (status !== 200) return undefined;
    const body = new PassThrough();
    this.#facts = readFacts({ target: this.#options.target, contentType, body });
    // The unread rest is thrown away.
    void this.#facts.then(() => body.resume());
    return body;
  }

  ended(outcome: CallOutcome): void {
    const endedAt = now();
    void this.#facts.then((facts) => this.#record(outcome, endedAt, facts));
  }

  #record(outcome: CallOutcome, endedAt: number, facts: AnswerFacts | undefined): void {
    const { tracer, protocol, target } = this.#options;
    const { agent, model } = this.#trace;
    const operation = operationOf(target);
    const usage = facts?.usage;
    const cached = usage === undefined ? 0 : usage.cacheReadTokens + usage.cacheWriteTokens;
    tracer.record(model === undefined ? operation : `${operation} ${model}`, {
      parent: agent,
      kind: 'client',
      startedAt: this.#startedAt,
      endedAt,
      attributes: {
        'gen_ai.operation.name': operation,
        'gen_ai.provider.name': providerOf(protocol),
        'gen_ai.request.model': model,
        'gen_ai.response.model': facts?.model?.slice(0, MOST_NAME),
        'gen_ai.usage.input_tokens': usage && usage.inputTokens + cached,
        'gen_ai.usage.output_tokens': usage?.outputTokens,
        'gen_ai.usage.cache_read.input_tokens': usage?.cacheReadTokens,
        'gen_ai.usage.cache_creation.input_tokens': usage?.cacheWriteTokens,
        ...this.#attributes,
      },
      failure: outcome === 'answered' ? undefined : outcome,
    });
  }

  #add(attributes: SpanAttributes): void {
    this.#attributes = { ...this.#attributes, ...attributes };
  }
}

function operationOf(target: string): string {
  const [path = ''] = target.split('?', 1);
  return OPERATIONS.find(([end]) => path.endsWith(end))?.[1] ?? 'request';
}

/** Milliseconds since the epoch, with parts of them. */
const now = (): number => performance.timeOrigin + performance.now();
