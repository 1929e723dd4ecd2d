import type { TraceContext } from '#api/machinery/tracing/trace-context';
import type { SpanAttributes, Tracer } from '#api/machinery/tracing/tracer';
import type { RunSandbox } from '#api/types/sandboxes/sandbox';
import { traceOf } from '#api/types/trace';
import type { ObjectTrace } from '#api/types/trace';
import type { StartPhase } from '../executor/executor-figures.ts';
import type { RunEvent } from '../protocol/run.ts';
import type { Outcome } from '../sandbox/outcome.ts';

/** The spans of one Sandbox, whichever manager records them; those of a Sandbox that nobody traces do nothing. */
export interface SandboxTrace {
  /** The span that all work on the Sandbox is a part of. */
  readonly own: TraceContext | undefined;
  /** The span of its agent, for the calls of its Model. */
  readonly agent: TraceContext | undefined;
  /** A phase of the start is over. Times in milliseconds since the epoch. */
  phase(name: StartPhase, startedAt: number, endedAt: number): void;
  /** The agent works from now on. */
  running(at: number): void;
  /** Events are in the log: calls of tools are spans. */
  read(events: readonly RunEvent[]): void;
  /** The run has ended. */
  ended(outcome: Outcome, at: number): void;
}

const UNTRACED: SandboxTrace = {
  own: undefined,
  agent: undefined,
  phase() {},
  running() {},
  read() {},
  ended() {},
};

export function sandboxTrace(sandbox: RunSandbox, tracer: Tracer): SandboxTrace {
  const trace = traceOf(sandbox, tracer);
  return trace === undefined ? UNTRACED : new RecordedSandbox(sandbox, trace, tracer);
}

/** Calls of tools that have no result yet: an agent may ask for more than there can be. */
const MOST_OPEN_CALLS = 1_000;
/** The name of a tool is said by an agent. */
const MOST_NAME = 100;

interface OpenCall {
  name: string;
  startedAt: number;
}

class RecordedSandbox implements SandboxTrace {
  readonly own: TraceContext;
  readonly agent: TraceContext;
  readonly #sandbox: RunSandbox;
  readonly #trace: ObjectTrace;
  readonly #tracer: Tracer;
  readonly #calls = new Map<string, OpenCall>();
  #runningAt: number | undefined;

  constructor(sandbox: RunSandbox, trace: ObjectTrace, tracer: Tracer) {
    this.own = trace.own;
    this.agent = trace.agent;
    this.#sandbox = sandbox;
    this.#trace = trace;
    this.#tracer = tracer;
  }

  phase(name: StartPhase, startedAt: number, endedAt: number): void {
    this.#tracer.record(`sandbox ${name}`, { parent: this.own, startedAt, endedAt });
  }

  running(at: number): void {
    const { runningAt } = this.#sandbox.status ?? {};
    // A manager before this one may have started the run.
    this.#runningAt = runningAt === undefined ? at : Date.parse(runningAt);
  }

  read(events: readonly RunEvent[]): void {
    for (const { type, time, data } of events) {
      const id = data['id'];
      if (typeof id !== 'string') continue;
      if (type === 'tool_call') this.#begin(id, data['name'], time);
      if (type === 'tool_result') this.#finish(id, data['isError'] === true, time);
    }
  }

  #begin(id: string, name: unknown, time: string): void {
    if (this.#calls.size >= MOST_OPEN_CALLS) return;
    const known = typeof name === 'string' ? name.slice(0, MOST_NAME) : 'tool';
    this.#calls.set(id, { name: known, startedAt: Date.parse(time) });
  }

  #finish(id: string, isError: boolean, time: string): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#calls.delete(id);
    this.#tracer.record(`execute_tool ${call.name}`, {
      parent: this.agent,
      startedAt: call.startedAt,
      endedAt: Date.parse(time),
      attributes: {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': call.name,
        'gen_ai.tool.call.id': id.slice(0, MOST_NAME),
      },
      failure: isError ? 'tool_error' : undefined,
    });
  }

  ended(outcome: Outcome, at: number): void {
    const failure = outcome.phase === 'Failed' ? outcome.reason : undefined;
    if (this.#runningAt !== undefined) {
      this.#tracer.record(agentSpan(this.#sandbox), {
        context: this.agent,
        parent: this.own,
        startedAt: this.#runningAt,
        endedAt: at,
        attributes: agentAttributes(this.#sandbox, outcome),
        failure,
      });
    }
    this.#tracer.record('sandbox', {
      context: this.own,
      parent: this.#trace.parent,
      startedAt: this.#trace.madeAt,
      endedAt: at,
      attributes: sandboxAttributes(this.#sandbox, outcome),
      failure,
    });
  }
}

const agentSpan = ({ spec }: RunSandbox): string =>
  spec.action === undefined ? `invoke_agent ${nameOf(spec)}` : 'action';

const nameOf = ({ stepName, node, step }: RunSandbox['spec']): string => stepName ?? node ?? `s${step}`;

function sandboxAttributes({ metadata, spec }: RunSandbox, { phase, reason }: Outcome): SpanAttributes {
  return {
    'k8s.namespace.name': metadata.namespace,
    'troupe.sandbox.name': metadata.name,
    'troupe.sandbox.uid': metadata.uid,
    'troupe.sandbox.phase': phase,
    'troupe.sandbox.reason': reason,
    'troupe.task.name': spec.taskRef.name,
    'troupe.node': spec.node,
    'troupe.attempt': spec.attempt,
    'troupe.executor.name': spec.executorName,
  };
}

/** https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-agent-spans/ */
function agentAttributes({ spec }: RunSandbox, { result }: Outcome): SpanAttributes {
  if (spec.action !== undefined) return {};
  const { usage, costUSD, turns } = result ?? {};
  return {
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.name': nameOf(spec),
    'gen_ai.provider.name': spec.model === undefined ? undefined : providerOf(spec.model.protocol),
    'gen_ai.request.model': spec.model?.name,
    'gen_ai.usage.input_tokens': usage?.inputTokens,
    'gen_ai.usage.output_tokens': usage?.outputTokens,
    'troupe.cost_usd': costUSD,
    'troupe.turns': turns,
  };
}

/** The well-known values of gen_ai.provider.name go by the protocol, which other services speak too. */
export const providerOf = (protocol: string | undefined): string =>
  protocol === undefined || protocol === 'anthropic' ? 'anthropic' : protocol === 'dify' ? 'dify' : 'openai';
