import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ModelProtocol } from '#executor-manager/protocol/run';
import { listenOnLoopback } from './loopback-server.ts';
import type { CallingRun } from './loopback-server.ts';
import { RunTokens } from './run-tokens.ts';
import { Tunnel } from './tunnel.ts';

/** How a run's agent reaches its Model. */
export interface ModelGrant {
  /** On loopback; with the API's version where programs of the protocol want it: OpenAI's do, Anthropic's do not. */
  baseURL: string;
  /** In the place of a key; good for this run's Model and no longer than the run. */
  apiKey: string;
  revoke(): void;
}

/** Gives runs access to their Models, whose keys are not in the sandbox. */
export interface ModelAccess {
  grant(run: CallingRun): Promise<ModelGrant>;
}

/** One for each runner, whatever number of runs it has. Listens when the first run needs it. */
export class TunnelledModelAccess implements ModelAccess {
  readonly #tokens = new RunTokens<CallingRun>();
  readonly #tunnel = new Tunnel();
  #listening: Promise<{ server: Server; port: number }> | undefined;

  /** Takes a connection of the executor manager that was upgraded to a tunnel. */
  attach(socket: Duplex): void {
    this.#tunnel.attach(socket);
  }

  /** Throws the system's error when nothing can listen on loopback. */
  async grant(run: CallingRun): Promise<ModelGrant> {
    this.#listening ??= listenOnLoopback({ tokens: this.#tokens, tunnel: this.#tunnel });
    const { port } = await this.#listening;
    const { token, revoke } = this.#tokens.add(run);
    return { baseURL: `http://127.0.0.1:${port}${VERSION_PATHS[run.protocol]}`, apiKey: token, revoke };
  }

  async close(): Promise<void> {
    this.#tunnel.close();
    const { server } = (await this.#listening) ?? {};
    server?.close();
    server?.closeAllConnections();
  }
}

const VERSION_PATHS: Readonly<Record<ModelProtocol, string>> = {
  anthropic: '',
  openai: '/v1',
  'openai-responses': '/v1',
  dify: '/v1',
};
