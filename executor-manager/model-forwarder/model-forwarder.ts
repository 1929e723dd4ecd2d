import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { silentTracer } from '#api/machinery/tracing/tracer';
import type { Tracer } from '#api/machinery/tracing/tracer';
import { AddressGuard } from '#guarded-client/address-guard';
import type { AddressGuardOptions } from '#guarded-client/address-guard';
import { createGuardedAgent, readProxies } from '#guarded-client/guarded-agent';
import { lookUpService } from '#guarded-client/service-hosts';
import type { RuntimeAddress } from '../drivers/driver.ts';
import type { ModelProtocol } from '../protocol/run.ts';
import { readModelCallPath } from '../protocol/tunnel.ts';
import { forwardCall } from './forward-call.ts';
import type { ForwardContext, ForwardedRun } from './forward-call.ts';
import type { ForwarderFigures } from './forwarder-figures.ts';
import type { RunTrace } from './model-call-span.ts';
import type { ModelSource } from './model-source.ts';
import { keepTunnel } from './tunnel.ts';

export interface ModelForwarderOptions {
  figures: ForwarderFigures;
  tracer?: Tracer;
  logger: Logger;
  clock: Clock;
  /** Which addresses a Model may have beside public ones. */
  addresses: Omit<AddressGuardOptions, 'lookUp'>;
  /** Proxies for the way to services, as in the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
  environment?: Readonly<Record<string, string | undefined>>;
}

export interface RunAccess {
  /** The runner that has the run, alone or with others, and its token. */
  runner: { id: string; address: RuntimeAddress; token: string };
  runID: string;
  protocol: ModelProtocol;
  source: ModelSource;
  /** Absent: its calls are not traced. */
  trace?: RunTrace | undefined;
}

interface Runner {
  runs: Map<string, ForwardedRun>;
  closing: AbortController;
}

const CONNECT_MS = 30_000;

/**
 * Calls model services for the agents of one executor, so that no agent has a key: it keeps one tunnel to each runner
 * that has runs with a Model, and takes calls of exactly these runs from it.
 */
export class ModelForwarder {
  readonly #options: ModelForwarderOptions;
  readonly #context: ForwardContext;
  /** By id. */
  readonly #runners = new Map<string, Runner>();

  constructor(options: ModelForwarderOptions) {
    this.#options = options;
    const dispatcher = createGuardedAgent({
      guard: new AddressGuard({ ...options.addresses, lookUp: lookUpService }),
      proxies: readProxies(options.environment ?? {}),
      connectMs: CONNECT_MS,
    });
    this.#context = { tracer: silentTracer, ...options, dispatcher };
  }

  /** The run may call its Model until the function that this returns was called. */
  serve({ runner: { id, ...way }, runID, protocol, source, trace }: RunAccess): () => void {
    const over = new AbortController();
    const run: ForwardedRun = { id: runID, protocol, source, trace, calls: 0, signal: over.signal };
    const runner = this.#runners.get(id) ?? this.#open(id, way);
    runner.runs.set(runID, run);
    return () => {
      over.abort(new Error('the run is over'));
      if (runner.runs.get(runID) === run) runner.runs.delete(runID);
      if (runner.runs.size > 0 || this.#runners.get(id) !== runner) return;
      this.#runners.delete(id);
      runner.closing.abort(new Error('the runner has no run'));
    };
  }

  /** Ends all tunnels, with the calls under way. */
  async close(): Promise<void> {
    for (const { closing } of this.#runners.values()) closing.abort(new Error('the executor manager stops'));
    this.#runners.clear();
    await this.#context.dispatcher.destroy();
  }

  #open(id: string, way: Omit<RunAccess['runner'], 'id'>): Runner {
    const { clock, logger } = this.#options;
    const runner: Runner = { runs: new Map(), closing: new AbortController() };
    this.#runners.set(id, runner);
    void keepTunnel({
      ...{ ...way, clock, logger: logger.with({ runner: id }), signal: runner.closing.signal },
      onStream: (stream, headers) => this.#take(runner, stream, headers),
    });
    return runner;
  }

  /** A runner that an agent took over can name any run: only its own count. */
  #take(runner: Runner, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const { runID = '', target = '' } = readModelCallPath(headers[':path'] ?? '') ?? {};
    const run = runner.runs.get(runID);
    if (run !== undefined) {
      void forwardCall({ run, stream, headers, target }, this.#context);
      return;
    }
    stream.on('error', () => undefined);
    stream.respond({ ':status': 404, 'content-type': 'application/json' });
    stream.end(JSON.stringify({ error: { message: 'the run is not known, or calls no Model' } }));
  }
}
