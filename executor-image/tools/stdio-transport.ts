import { JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Clock } from '../clock.ts';
import { describeError } from '../run-failure.ts';
import { lastBytes } from '../text/cut.ts';
import { createLineSplitter } from '../text/line-splitter.ts';
import { startServerProcess } from '../process/server-process.ts';
import type { ServerProcess } from '../process/server-process.ts';
import { createQuota } from './log-quota.ts';

const KEPT_STDERR_BYTES = 2048;
const LAST_WORDS_MS = 1000;

export interface StdioTransportOptions {
  command: string;
  args: readonly string[];
  cwd: string;
  env: Record<string, string>;
  /** Marks the processes of the run's servers (agent-process.ts). */
  mark: string;
  clock: Clock;
  /** A line of the server that is no message. */
  onLog: (stream: 'stdout' | 'stderr', line: string) => void;
}

/**
 * A program in the sandbox as an MCP server. Not the SDK's own transport: that one has no process group, and keeps a
 * line however long it gets.
 */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #options: StdioTransportOptions;
  #process: ServerProcess | undefined;
  #stderr = '';
  #end: string | undefined;

  constructor(options: StdioTransportOptions) {
    this.#options = options;
  }

  /** Why the program has ended, with its last words; undefined while it runs. */
  get end(): string | undefined {
    return this.#end;
  }

  /** The end of what it wrote to stderr, as one line. */
  get lastWords(): string {
    const lines = this.#stderr.split('\n').filter((line) => line.trim() !== '');
    return lines.slice(-5).join(' | ');
  }

  async start(): Promise<void> {
    const { command, args, cwd, env, mark, clock, onLog } = this.#options;
    const started = startServerProcess({ command, args, cwd, env, mark, clock });
    this.#process = started;
    const { child } = started;
    const quota = createQuota(onLog);
    const out = createLineSplitter(
      (line) => this.#read(line, quota),
      () => this.#broken('it sent a message of more than 32 MB'),
    );
    const err = createLineSplitter(
      (line) => {
        this.#stderr = lastBytes(`${this.#stderr}${line}\n`, KEPT_STDERR_BYTES);
        quota('stderr', line);
      },
      () => undefined,
    );
    child.stdout.on('data', (chunk: Buffer) => out.write(chunk)).once('close', () => out.end());
    child.stderr.on('data', (chunk: Buffer) => err.write(chunk)).once('close', () => err.end());
    void started.ended.then(
      ({ code, signal }) =>
        this.#ended(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`),
      (error: unknown) => this.#ended(describeError(error)),
    );
    await started.spawned;
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const started = this.#process;
    if (started === undefined || this.#end !== undefined) throw new Error(this.#end ?? 'it was not started');
    const error = await new Promise<Error | null | undefined>((resolve) => {
      started.child.stdin.write(`${JSON.stringify(message)}\n`, resolve);
    });
    if (!error) return;
    // A broken pipe says little; the end of the program, which usually follows, says why.
    await Promise.race([
      started.ended.catch(() => undefined),
      new Promise<void>((resolve) => void this.#options.clock.after(LAST_WORDS_MS, resolve)),
    ]);
    throw new Error(this.#end ?? `it does not read its input: ${error.message}`);
  }

  /** Ends the program and what it has started. */
  async close(): Promise<void> {
    await this.#process?.stop();
  }

  #read(line: string, log: (stream: 'stdout', line: string) => void): void {
    let message: JSONRPCMessage;
    try {
      message = JSONRPCMessageSchema.parse(JSON.parse(line));
    } catch {
      log('stdout', line); // servers print other things too, by mistake
      return;
    }
    this.onmessage?.(message);
  }

  #broken(why: string): void {
    this.#end ??= why;
    void this.close();
  }

  #ended(how: string): void {
    const words = this.lastWords;
    this.#end ??= words === '' ? how : `${how}: ${words}`;
    this.onclose?.();
  }
}
