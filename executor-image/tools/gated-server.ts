import { CallToolResultSchema, ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import type {
  CallToolRequest,
  CallToolResult,
  Notification,
  Progress,
  Request,
  Result,
  ServerCapabilities,
  Tool,
} from '@modelcontextprotocol/sdk/types.js';
import type { ToolLevel } from '#executor-manager/protocol/run';
import { sleep } from '../clock.ts';
import type { Clock } from '../clock.ts';
import type { Permissions } from '../run/permissions.ts';
import { describeError } from '../run-failure.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import type { CircuitState } from './circuit-breaker.ts';
import type { ResultCache } from './result-cache.ts';
import type { ResultPages } from './result-pages.ts';
import type { ServerConfiguration } from './server-configuration.ts';
import { ToolServerError } from './server-failure.ts';
import { levelOf, readToolList } from './tool-list.ts';
import type { ListedTool, ToolList } from './tool-list.ts';
import { Upstream } from './upstream.ts';
import type { UpstreamOptions } from './upstream.ts';

export interface GatedServerOptions extends Pick<
  UpstreamOptions,
  'folder' | 'environment' | 'fetch' | 'mark' | 'signal' | 'onLog'
> {
  server: ServerConfiguration;
  clock: Clock;
  permissions: Pick<Permissions, 'decide'>;
  pages: ResultPages;
  /** Shared by the servers of a run. */
  cache: ResultCache;
  /** Takes the secrets of the run out of a text. */
  clean: (text: string) => string;
  /** A sentence for people, about the server; `circuit` when it is about calls that are held back. */
  onStatus: (message: string, circuit?: CircuitState) => void;
  /** Something that the agent's program may want to know. */
  onNotification: (notification: Notification) => void;
}

/** How a call came to its end, for the log. */
export interface CallOutcome {
  result: CallToolResult;
  level: ToolLevel;
  /** The result was kept from an earlier call. */
  cached?: boolean;
}

export interface GatedCall {
  signal: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

/** Failures in a row of the connection, and of one tool. */
const SERVER_FAILURES = 3;
const TOOL_FAILURES = 5;
/** Between two readings of the tools. */
const RELIST_MS = 1000;

/** Requests of an agent that are passed on as they are, beside those for tools. */
const PASSED: ReadonlySet<string> = new Set([
  ...['prompts/list', 'prompts/get', 'completion/complete', 'logging/setLevel'],
  ...['resources/list', 'resources/templates/list', 'resources/read'],
  ...['resources/subscribe', 'resources/unsubscribe'],
]);

/** One MCP server behind the gate: each call is judged, bounded, and told of. */
export class GatedServer {
  readonly #options: GatedServerOptions;
  readonly #upstream: Upstream;
  readonly #breaker: CircuitBreaker;
  readonly #toolBreakers = new Map<string, CircuitBreaker>();
  #list: ToolList = { tools: new Map() };
  #relisting = false;
  #changed = false;

  constructor(options: GatedServerOptions) {
    this.#options = options;
    this.#breaker = this.#createBreaker(undefined, SERVER_FAILURES);
    this.#upstream = new Upstream({
      ...options,
      onNotification: (notification) => this.#notified(notification),
      onReconnect: () => this.#relist(),
    });
  }

  get name(): string {
    return this.#options.server.name;
  }

  /** The name under which its results are kept for later runs; undefined where they are not. */
  get keptAs(): string | undefined {
    const { cacheResults, cacheScope } = this.#options.server;
    return cacheResults ? cacheScope : undefined;
  }

  get capabilities(): ServerCapabilities {
    return this.#upstream.capabilities;
  }

  get info(): Upstream['info'] {
    return this.#upstream.info;
  }

  get instructions(): string | undefined {
    return this.#upstream.instructions;
  }

  get list(): ToolList {
    return this.#list;
  }

  get tools(): Tool[] {
    return [...this.#list.tools.values()].map(({ tool }) => tool);
  }

  /** Connects and reads the tools. Throws ToolServerError. */
  async start(): Promise<void> {
    await this.#upstream.connect();
    await this.#readList();
  }

  close(): Promise<void> {
    return this.#upstream.close();
  }

  /**
   * Throws McpError for a tool that is not there, the signal's reason when the call is given up; whatever goes wrong with the
   * server is a result that says so.
   */
  async callTool(
    { name, arguments: input = {} }: CallToolRequest['params'],
    call: GatedCall,
  ): Promise<CallOutcome> {
    const listed = this.#list.tools.get(name);
    if (listed === undefined) throw new McpError(ErrorCode.InvalidParams, `there is no tool ${name}`);
    const level = levelOf(listed, this.#options.server.tools.get(name));
    const tool = `mcp__${this.name}__${name}`;
    const answer = await this.#options.permissions.decide({ tool, input, level }, call.signal);
    if (answer.behavior === 'deny') return { level, result: failure(answer.message) };
    const { server, cache } = this.#options;
    const keeps = server.cacheResults && level === 'readOnly';
    const cached = { server: server.cacheScope ?? this.name, tool: name, hash: listed.hash, input };
    const kept = keeps ? cache.find(cached) : undefined;
    if (kept !== undefined) return { level, result: this.#cut(listed, kept), cached: true };
    const result = await this.#guarded(name, () => this.#call(listed, input, call));
    // Whole: where the rest of a cut one is, only this run knows.
    if (keeps && result.isError !== true) cache.keep(cached, result);
    return { level, result: this.#cut(listed, result) };
  }

  /** Passes a request on. Throws McpError, and the signal's reason. */
  async pass({ method, params }: Request, call: GatedCall): Promise<Result> {
    if (!PASSED.has(method)) throw new McpError(ErrorCode.MethodNotFound, `${method} is not served`);
    if (method === 'resources/read') await this.#judgeRead(params, call.signal);
    try {
      return await this.#upstream.request({ method, ...(params && { params }) }, call);
    } catch (error) {
      if (!(error instanceof ToolServerError)) throw error;
      throw new McpError(ErrorCode.InternalError, this.#sentence(error));
    }
  }

  /** Reading is no tool, but reaches as far as one; a policy names it as one. */
  async #judgeRead(params: Request['params'], signal: AbortSignal): Promise<void> {
    const { _meta, ...input } = params ?? {};
    const tool = `mcp__${this.name}__resources/read`;
    const answer = await this.#options.permissions.decide({ tool, input, level: 'readOnly' }, signal);
    if (answer.behavior === 'deny') throw new McpError(ErrorCode.InvalidRequest, answer.message);
  }

  async #call(
    { tool }: ListedTool,
    input: Record<string, unknown>,
    call: GatedCall,
  ): Promise<CallToolResult> {
    const params = { name: tool.name, arguments: input };
    const answer = await this.#upstream.request({ method: 'tools/call', params }, call);
    const parsed = CallToolResultSchema.safeParse(answer);
    if (!parsed.success) throw new ToolServerError('protocol', 'its answer is not one of the protocol');
    return cleanResult(parsed.data, this.#options.clean);
  }

  #cut({ tool }: ListedTool, result: CallToolResult): CallToolResult {
    return this.#options.pages.cut(result, { strict: tool.outputSchema !== undefined });
  }

  /** Holds a call back while its server, or its tool, fails again and again. */
  async #guarded(name: string, call: () => Promise<CallToolResult>): Promise<CallToolResult> {
    const own = this.#breakerOf(name);
    const closed = this.#heldBack(this.#breaker, `MCP server ${this.name}`);
    if (closed !== undefined) return closed;
    const heldBack = this.#heldBack(own, `the tool ${name}`);
    if (heldBack !== undefined) {
      this.#breaker.undecided();
      return heldBack;
    }
    try {
      const result = await call();
      this.#breaker.succeeded();
      own.succeeded();
      return result;
    } catch (error) {
      return this.#failed(error, own);
    }
  }

  #failed(error: unknown, own: CircuitBreaker): CallToolResult {
    if (error instanceof McpError) {
      // The server works; a tool that was called in a wrong way does too.
      this.#breaker.succeeded();
      if (error.code === (ErrorCode.InvalidParams as number)) own.succeeded();
      else own.failed();
      throw error;
    }
    if (!(error instanceof ToolServerError)) {
      this.#breaker.undecided();
      own.undecided();
      throw error;
    }
    if (error.kind === 'connection') {
      this.#breaker.failed();
      own.undecided();
    } else {
      this.#breaker.undecided();
      own.failed();
    }
    return failure(this.#sentence(error));
  }

  #heldBack(breaker: CircuitBreaker, what: string): CallToolResult | undefined {
    const seconds = breaker.enter();
    if (seconds === undefined) return undefined;
    return failure(`${what} has failed again and again; it can be tried again in ${seconds} s.`);
  }

  #sentence(error: ToolServerError): string {
    return this.#options.clean(`MCP server ${this.name}: ${error.message}`);
  }

  #breakerOf(tool: string): CircuitBreaker {
    const breaker = this.#toolBreakers.get(tool) ?? this.#createBreaker(tool, TOOL_FAILURES);
    this.#toolBreakers.set(tool, breaker);
    return breaker;
  }

  #createBreaker(tool: string | undefined, failures: number): CircuitBreaker {
    const { clock, onStatus, server } = this.#options;
    const what = `MCP server ${server.name}${tool === undefined ? '' : `, tool ${tool}`}`;
    return new CircuitBreaker({
      ...{ failures, clock },
      onChange: (circuit) => onStatus(`${what} ${CIRCUIT_WORDS[circuit]}`, circuit),
    });
  }

  #notified(notification: Notification): void {
    if (notification.method === 'notifications/tools/list_changed') this.#relist();
    else this.#options.onNotification(notification);
  }

  /** Reads the tools again, and once more for what has changed meanwhile, but not at the pace of a server gone wild. */
  #relist(): void {
    this.#changed = true;
    if (this.#relisting) return;
    this.#relisting = true;
    void this.#relistWhileChanged()
      .catch((error: unknown) => {
        if (this.#options.signal.aborted) return;
        const why = this.#options.clean(describeError(error));
        this.#options.onStatus(`MCP server ${this.name}: its tools cannot be read again: ${why}`);
      })
      .finally(() => (this.#relisting = false));
  }

  async #relistWhileChanged(): Promise<void> {
    const { clock, signal, onNotification } = this.#options;
    while (this.#changed) {
      this.#changed = false;
      await this.#readList();
      onNotification({ method: 'notifications/tools/list_changed' });
      await sleep(clock, RELIST_MS, signal);
    }
  }

  async #readList(): Promise<void> {
    if (this.capabilities.tools === undefined) return;
    const { signal, server } = this.#options;
    this.#list = await readToolList((cursor) =>
      this.#upstream.request(
        { method: 'tools/list', ...(cursor === undefined ? {} : { params: { cursor } }) },
        { signal, seconds: server.startSeconds },
      ),
    );
    this.#tellOfList();
  }

  #tellOfList(): void {
    const { server, onStatus } = this.#options;
    const { tools, leftOut } = this.#list;
    if (leftOut !== undefined) onStatus(`MCP server ${this.name}: tools are left out: ${leftOut}`);
    const changed = [...server.tools].flatMap(([name, { hash }]) => {
      const listed = tools.get(name);
      return listed !== undefined && hash !== undefined && listed.hash !== hash ? [name] : [];
    });
    if (changed.length === 0) return;
    onStatus(
      `MCP server ${this.name}: not as they were confirmed, hence privileged: ${changed.slice(0, 20).join(', ')}`,
    );
  }
}

const CIRCUIT_WORDS: Record<CircuitState, string> = {
  open: 'fails again and again; calls are held back for a while',
  'half-open': 'is tried again',
  closed: 'works again',
};

function failure(message: string): CallToolResult {
  return { content: [{ type: 'text', text: message }], isError: true };
}

function cleanResult(result: CallToolResult, clean: (text: string) => string): CallToolResult {
  const content = result.content.map((block) => {
    if (block.type === 'text') return { ...block, text: clean(block.text) };
    if (block.type !== 'resource' || !('text' in block.resource)) return block;
    return { ...block, resource: { ...block.resource, text: clean(block.resource.text) } };
  });
  const { structuredContent } = result;
  if (structuredContent === undefined) return { ...result, content };
  return {
    ...result,
    content,
    structuredContent: cleanValue(structuredContent, clean) as Record<string, unknown>,
  };
}

function cleanValue(value: unknown, clean: (text: string) => string): unknown {
  if (typeof value === 'string') return clean(value);
  if (Array.isArray(value)) return value.map((item) => cleanValue(item, clean));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, cleanValue(item, clean)]));
}
