import { randomUUID } from 'node:crypto';
import type { CallToolRequest, ServerCapabilities } from '@modelcontextprotocol/sdk/types.js';
import type { RunnerAddresses } from '#executor-manager/protocol/runner-environment';
import type { ToolServer } from '../adapters/adapter.ts';
import type { Clock } from '../clock.ts';
import type { EventSink } from '../events/event-sink.ts';
import type { Permissions } from '../run/permissions.ts';
import type { RunMeter } from '../run/run-meter.ts';
import { RunFailure, describeError } from '../run-failure.ts';
import type { GateEndpoint, Served } from './gate-endpoint.ts';
import { openGateListener } from './gate-listener.ts';
import type { GateListener } from './gate-listener.ts';
import { GatedServer } from './gated-server.ts';
import type { CallOutcome, GatedCall } from './gated-server.ts';
import { READ_MORE, readMoreServer } from './read-more.ts';
import { ResultCache } from './result-cache.ts';
import { readKeptResults, writeKeptResults } from './result-file.ts';
import { ResultPages } from './result-pages.ts';
import { isRequired, readServerConfiguration, whyUnavailable } from './server-configuration.ts';
import type { ServerConfiguration } from './server-configuration.ts';
import { openServerFetch } from './server-fetch.ts';
import type { ServerFetch } from './server-fetch.ts';
import { tellCall } from './tool-events.ts';

export interface ToolGateOptions {
  /** As in RunRequest.agent.mcpServers. */
  servers: Record<string, unknown>;
  /** Where programs are started. */
  folder: string;
  /** Folder of the runtime's workspace, which moves with the work of a Task; absent where none does. */
  workspace?: string;
  /** The part of the runner's environment that programs may see. */
  environment: Record<string, string>;
  runId: string;
  signal: AbortSignal;
  clock: Clock;
  events: EventSink;
  meter: Pick<RunMeter, 'alive' | 'toolCall'>;
  permissions: Pick<Permissions, 'decide'>;
  /** Takes the secrets of the run out of a text. */
  clean: (text: string) => string;
  /** Whether servers that are programs may be started: the runner stands in a sandbox of the agent's own. */
  startsPrograms: boolean;
  /** As in RunnerConfig. */
  addresses?: RunnerAddresses;
  /** Whether the agent's program does not tell of its calls of tools, so that the gate has to. */
  tellsCalls: boolean;
}

export interface ToolGate {
  servers: readonly ToolServer[];
  /** Sentences for people: servers that could not be used, or not all the time. */
  warnings(): string[];
  /** Ends all connections and programs. Never rejects. */
  close(): Promise<void>;
}

/** The name of the gate's own server, and another one for agents that have a server of this name. */
const OWN_NAMES = ['troupe', 'troupe-gate'];
const MOST_WARNINGS = 50;

/**
 * Connects to the MCP servers of an agent and serves them to its program, whatever transports it knows: streamable HTTP on
 * loopback. Addresses, headers and variables of the servers stay in the runner.
 * Throws RunFailure ToolServerFailed for a server that the agent cannot do without, and the signal's reason.
 */
export async function openToolGate(options: ToolGateOptions): Promise<ToolGate> {
  const listener = await openGateListener();
  const gate = new OpenGate(options, { listener, calls: await openServerFetch(options) });
  // Connections that are being made are given up.
  const stop = (): void => void gate.close();
  options.signal.addEventListener('abort', stop, { once: true });
  try {
    await gate.start();
    return gate;
  } catch (error) {
    await gate.close();
    throw error;
  } finally {
    options.signal.removeEventListener('abort', stop);
  }
}

class OpenGate implements ToolGate {
  readonly servers: ToolServer[] = [];
  readonly #options: ToolGateOptions;
  readonly #listener: GateListener;
  readonly #calls: ServerFetch;
  readonly #gated: GatedServer[] = [];
  readonly #endpoints = new Map<string, GateEndpoint>();
  /** By what they are about: each sentence once. */
  readonly #warnings = new Map<string, string>();
  readonly #pages: ResultPages;
  readonly #cache: ResultCache;
  readonly #ownName: string;
  #closing: Promise<void> | undefined;

  constructor(options: ToolGateOptions, ways: { listener: GateListener; calls: ServerFetch }) {
    this.#options = options;
    this.#listener = ways.listener;
    this.#calls = ways.calls;
    this.#ownName = OWN_NAMES.find((name) => !Object.hasOwn(options.servers, name)) ?? '';
    this.#cache = new ResultCache(options.clock);
    this.#pages = new ResultPages(`${READ_MORE} of the MCP server ${this.#ownName}`);
  }

  /** All at the same time. */
  async start(): Promise<void> {
    const { servers, signal } = this.#options;
    signal.throwIfAborted();
    const entries = Object.entries(servers);
    const { workspace } = this.#options;
    if (workspace !== undefined) this.#cache.take(await readKeptResults(workspace));
    await Promise.all(entries.map(([name, entry]) => this.#startServer(name, entry)));
    signal.throwIfAborted();
    // In the order of the manifest, so that equal runs look equal to the model.
    this.servers.sort((a, b) => position(entries, a) - position(entries, b));
    if (this.servers.length > 0 && this.#ownName !== '')
      this.#serve(this.#ownName, readMoreServer(this.#pages));
  }

  warnings(): string[] {
    return [...this.#warnings.values()];
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    await Promise.all([
      this.#listener.close(),
      this.#keepResults(),
      ...this.#gated.map((server) => server.close()),
    ]);
    await this.#calls.close();
  }

  /** For later runs of the Task. Never rejects. */
  async #keepResults(): Promise<void> {
    const { workspace, clean } = this.#options;
    const scopes = new Set(this.#gated.flatMap(({ keptAs }) => keptAs ?? []));
    if (workspace === undefined || scopes.size === 0) return;
    try {
      await writeKeptResults(workspace, this.#cache.of(scopes));
    } catch (error) {
      this.#tell(clean(`Results of tools cannot be kept for later runs: ${describeError(error)}`));
    }
  }

  async #startServer(name: string, entry: unknown): Promise<void> {
    const { clock, signal, clean } = this.#options;
    const begin = clock.elapsed();
    try {
      const unavailable = whyUnavailable(entry);
      if (unavailable !== undefined) throw new Error(unavailable);
      const configuration = readServerConfiguration(name, entry);
      if (configuration.transport.type === 'stdio' && !this.#options.startsPrograms) {
        throw new Error(
          'it is a program, and a Shell of this type has no sandbox to start one in; give it a url',
        );
      }
      const server = this.#create(configuration);
      this.#gated.push(server);
      await server.start();
      if (signal.aborted) return;
      this.#serve(name, this.#served(server));
      const seconds = ((clock.elapsed() - begin) / 1000).toFixed(1);
      this.#tell(`MCP server ${name}: ${server.tools.length} tools after ${seconds} s`);
    } catch (error) {
      if (signal.aborted) return;
      const message = clean(`MCP server ${name} cannot be used: ${describeError(error)}`);
      if (isRequired(entry)) throw new RunFailure('ToolServerFailed', message, error);
      this.#warn(name, message);
    }
  }

  #create(configuration: ServerConfiguration): GatedServer {
    const { runId, events, clean } = this.#options;
    const { name } = configuration;
    return new GatedServer({
      ...this.#options,
      server: configuration,
      fetch: this.#calls.fetch,
      pages: this.#pages,
      cache: this.#cache,
      // Each server has its own: the end of one must not end the others.
      mark: `${runId}/mcp/${name}`,
      onLog: (stream, text) => events.emit('log', { stream, text: `${name}: ${text}` }),
      onStatus: (message, circuit) => {
        // Good news is no warning.
        if (circuit === undefined || circuit === 'open') this.#warn(message, clean(message));
        else this.#tell(clean(message));
      },
      onNotification: (notification) => this.#endpoints.get(name)?.notify(notification),
    });
  }

  #served(server: GatedServer): Served {
    const { name, capabilities, info = { name, version: '' }, instructions } = server;
    return {
      info,
      capabilities: passedOn(capabilities),
      ...(instructions === undefined ? {} : { instructions }),
      tools: () => server.tools,
      callTool: async (params, call) => (await this.#call(server, params, call)).result,
      pass: (request, call) => server.pass(request, this.#alive(call)),
    };
  }

  #call(server: GatedServer, params: CallToolRequest['params'], given: GatedCall): Promise<CallOutcome> {
    const call = server.callTool(params, this.#alive(given));
    if (!this.#options.tellsCalls) return call;
    const { name, arguments: input = {} } = params;
    return tellCall(this.#options, { id: randomUUID(), name: `mcp__${server.name}__${name}`, input }, call);
  }

  /** A tool at work is a sign of life of the agent. */
  #alive({ signal, onProgress }: GatedCall): GatedCall {
    const { meter } = this.#options;
    meter.alive();
    return {
      signal: AbortSignal.any([signal, this.#options.signal]),
      onProgress: (progress) => {
        meter.alive();
        onProgress?.(progress);
      },
    };
  }

  #serve(name: string, served: Served): void {
    this.#endpoints.set(name, this.#listener.serve(name, served));
    this.servers.push({ name, url: this.#listener.urlOf(name), token: this.#listener.token });
  }

  #tell(message: string): void {
    this.#options.events.emit('status', { phase: 'Running', message });
  }

  #warn(about: string, message: string): void {
    this.#tell(message);
    if (this.#warnings.size < MOST_WARNINGS) this.#warnings.set(about, message);
  }
}

/** The methods that the gate can pass on; the rest of what a server can do stays between it and nobody. */
function passedOn({
  tools,
  prompts,
  resources,
  logging,
  completions,
}: ServerCapabilities): ServerCapabilities {
  return {
    ...(tools && { tools: { listChanged: true } }),
    ...(prompts && { prompts }),
    ...(resources && { resources }),
    ...(logging && { logging }),
    ...(completions && { completions }),
  };
}

function position(entries: readonly [string, unknown][], { name }: ToolServer): number {
  return entries.findIndex(([other]) => other === name);
}
