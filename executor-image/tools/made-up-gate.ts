import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { inheritedEnvironment } from '../config.ts';
import { madeUpContext } from '../adapters/made-up-context.ts';
import type { Told } from '../adapters/made-up-context.ts';
import { clientOf } from './made-up-servers.ts';
import { openToolGate } from './tool-gate.ts';
import type { ToolGate, ToolGateOptions } from './tool-gate.ts';

export const SECRET = 'a-secret-of-the-server';

/** A gate as a run has it, with a folder of its own, and all that a test has opened. */
export class MadeUpGate implements AsyncDisposable {
  readonly told: Told[] = [];
  readonly folder = mkdtempSync(path.join(tmpdir(), 'troupe-gate-'));
  readonly #stack: AsyncDisposable[] = [];

  /** Ends with the test. */
  use<T extends AsyncDisposable>(disposable: T): T {
    this.#stack.push(disposable);
    return disposable;
  }

  async open(servers: Record<string, unknown>, more: Partial<ToolGateOptions> = {}): Promise<ToolGate> {
    const { folder } = this;
    const { events, meter, permissions, clock, signal } = madeUpContext(this.told);
    const gate = await openToolGate({
      ...{ servers, folder, runId: path.basename(folder), events, meter, permissions, clock, signal },
      environment: inheritedEnvironment(),
      clean: (text) => text.replaceAll(SECRET, '[redacted]'),
      startsPrograms: true,
      tellsCalls: false,
      ...more,
    });
    this.use({ [Symbol.asyncDispose]: () => gate.close() });
    return gate;
  }

  /** The program of an agent, connected to one of the servers. */
  async agent(gate: ToolGate, index = 0): Promise<Client> {
    const server = gate.servers[index];
    if (server === undefined) throw new Error('the gate serves nothing');
    return this.use(await clientOf(server));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#stack.splice(0).reverse()) await one[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The text of a result. */
export function textOf(result: unknown): string {
  return (result as { content: { text?: string }[] }).content.map(({ text = '' }) => text).join('\n');
}

/** A program on Node as an MCP server: what it does with each message stands in `script`. */
export function program(script: string, more: object = {}): object {
  const send = `const send = (m) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...m }) + '\\n');`;
  return { command: process.execPath, args: ['-e', `${send}\n${script}`], ...more };
}

/** The beginning of such a script: `id`, `method` and `params` of each message. */
export const READ = `require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);`;

/** The answer to the first message. */
export const INITIALIZED = `if (method === 'initialize') return send({ id, result: { protocolVersion: params.protocolVersion,
  capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } } });`;
