import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { silentMeter } from '#api/machinery/meter';
import { forwarderFigures } from '#executor-manager/model-forwarder/forwarder-figures';
import { ModelForwarder } from '#executor-manager/model-forwarder/model-forwarder';
import { ModelSource } from '#executor-manager/model-forwarder/model-source';
import { RUNNER_ENV } from '#executor-manager/protocol/runner-environment';
import type { RunEvent, RunInput, RunModel, RunRequest, RunState } from '#executor-manager/protocol/run';
import { freePort } from '#dev/environment/free-port';
import { accepts, startProcess } from '#dev/environment/process';
import type { RunningProcess } from '#dev/environment/process';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { evidence } from './evidence.ts';

export const RUNNER_TOKEN = 'a-token-of-the-tests';
export const RUNNER_TOKEN_HASH = createHash('sha256').update(RUNNER_TOKEN).digest('hex');

/** A request with its Model's service, which the runner never gets: the calls below go through a forwarder, as a manager's do. */
export interface RunWithModel extends Omit<RunRequest, 'model'> {
  model?: RunModel & { baseURL?: string; apiKey?: string };
}

/** The runner's protocol as a manager speaks it. */
export interface RunnerCalls {
  /** A call with the right token; `init` may set another one. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  start(id: string, request: RunWithModel): Promise<RunState>;
  state(id: string): Promise<RunState>;
  cancel(id: string): Promise<void>;
  /** Fails when the run does not take it. */
  input(id: string, input: RunInput): Promise<void>;
  /** The run's events as they come, to its end. */
  events(id: string, after?: number): AsyncGenerator<RunEvent, void, undefined>;
  /** Starts a run and waits for its end. */
  finish(id: string, request: RunWithModel): Promise<{ state: RunState; events: RunEvent[] }>;
}

export function runnerCalls(url: string): RunnerCalls & AsyncDisposable {
  const models = new ModelForwarder({
    figures: forwarderFigures(silentMeter),
    // Where containers reach this machine, too.
    addresses: { allow: ['localhost', 'host.docker.internal'] },
    logger: silentLogger,
    clock: systemClock,
  });
  const call = (target: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${url}${target}`, {
      ...init,
      headers: { authorization: `Bearer ${RUNNER_TOKEN}`, ...(init.headers as Record<string, string>) },
    });
  const must = async (response: Response): Promise<Response> => {
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return response;
  };
  const calls: RunnerCalls & AsyncDisposable = {
    fetch: call,
    async start(id, { model: given, ...request }) {
      const { baseURL, apiKey, ...model } = given ?? {};
      if (given !== undefined) {
        const { hostname: host, port } = new URL(url);
        const credential =
          apiKey === undefined ? {} : { credential: { value: apiKey, form: 'key' as const } };
        const known = { protocol: given.protocol, ...(baseURL && { baseURL }), ...credential, headers: {} };
        const source = new ModelSource({ read: () => Promise.resolve(known), known, clock: systemClock });
        const runner = { id: url, address: { host, port: Number(port) }, token: RUNNER_TOKEN };
        models.serve({ runner, runID: id, protocol: given.protocol, source });
      }
      const body = JSON.stringify({ ...request, ...(given && { model }) });
      return (await (await must(await call(`/v1/runs/${id}`, { method: 'PUT', body }))).json()) as RunState;
    },
    state: async (id) => (await (await must(await call(`/v1/runs/${id}`))).json()) as RunState,
    async cancel(id) {
      await (await must(await call(`/v1/runs/${id}/cancel`, { method: 'POST' }))).text();
    },
    async input(id, input) {
      const body = JSON.stringify(input);
      await (await must(await call(`/v1/runs/${id}/inputs`, { method: 'POST', body }))).text();
    },
    async *events(id, after = 0) {
      const response = await must(await call(`/v1/runs/${id}/events?after=${after}`));
      let rest = '';
      for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) yield JSON.parse(line) as RunEvent;
      }
    },
    async finish(id, request) {
      await calls.start(id, request);
      const events = await collect(calls.events(id));
      return { state: await calls.state(id), events };
    },
    [Symbol.asyncDispose]: () => models.close(),
  };
  return calls;
}

export interface Runner extends RunnerCalls, AsyncDisposable {
  readonly process: RunningProcess;
  /** Folder of the Task's volume. */
  readonly workspace: string;
}

const RUNNER = path.resolve(import.meta.dirname, '../../executor-image/runner.ts');

/** The runner as a process of this machine, with folders of its own. */
export async function startRunner(): Promise<Runner> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('runner')).path;
  const port = await freePort();
  const workspace = path.join(folder, 'workspace');
  const runner = stack.use(
    await startProcess({
      command: process.execPath,
      args: [RUNNER],
      env: {
        ...process.env,
        [RUNNER_ENV.host]: '127.0.0.1',
        [RUNNER_ENV.port]: String(port),
        [RUNNER_ENV.tokenHash]: RUNNER_TOKEN_HASH,
        [RUNNER_ENV.workspace]: workspace,
        [RUNNER_ENV.state]: path.join(folder, 'state'),
        NOT_FOR_THE_AGENT: 'only-the-runner-sees-this',
      },
    }),
  );
  stack.use(evidence('the runner', () => runner.output()));
  await runner.until({ what: 'accept', ready: () => accepts(port), timeoutMs: 20_000 });
  const calls = stack.use(runnerCalls(`http://127.0.0.1:${port}`));
  const owned = stack.move();
  return {
    ...calls,
    process: runner,
    workspace,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** All that an iterable gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Resolves with the first event that `wanted` accepts; fails when the run ends before. */
export async function firstEvent(
  events: AsyncIterable<RunEvent>,
  wanted: (event: RunEvent) => boolean,
): Promise<RunEvent> {
  for await (const event of events) if (wanted(event)) return event;
  throw new Error('the run ended without that event');
}

/** A port on which connections are accepted and never answered. */
export async function silentServer(): Promise<AsyncDisposable & { port: number }> {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
