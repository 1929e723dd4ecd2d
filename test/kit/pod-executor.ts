import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from '#api/client/connect';
import { systemClock } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { RuntimeDriver } from '#executor-manager/drivers/driver';
import { keepExecutorTunnels } from '#executor-manager/streams/executor-tunnel';
import { createPodStreams } from '#executor-manager/streams/pod-streams';
import type { PodStreamsOptions } from '#executor-manager/streams/stream-context';
import { acceptPort } from '#executor-image/server/port-route';
import type { TestApi } from './api.ts';
import { witnessLogger } from './witness-logger.ts';

/** A running Sandbox whose streams are served as an executor manager does, with programs that the test makes up. */
export interface PodExecutor extends AsyncDisposable {
  /** Name of the Sandbox, in the namespace default. */
  pod: string;
}

export interface PodExecutorOptions {
  /** Name of the Sandbox. */
  name: string;
  /** Absent: it has no sandbox of its own. */
  exec?: NonNullable<RuntimeDriver['exec']>;
  /** Where the API is, seen from the executor manager; absent: where it is. */
  server?: string;
  /** Of the executor manager; absent: that of the system. */
  clock?: Clock;
}

const TOKEN = 'of the runner';
const RUNTIME = 'rt-1';
const TASKS = '/apis/agent.wecode.io/v1/namespaces/default/tasks';
const SANDBOXES = '/apis/agent.wecode.io/v1alpha1/namespaces/default/sandboxes';
const MERGE = { 'content-type': 'application/merge-patch+json' };

export async function podExecutor(api: TestApi, options: PodExecutorOptions): Promise<PodExecutor> {
  await using stack = new AsyncDisposableStack();
  const sandbox = await runningSandbox(api, options.name);
  const logger = stack.use(witnessLogger('the executor'));
  const { server = api.url, clock = systemClock } = options;
  const connection = stack.adopt(await connect({ kubeconfig: api.kubeconfig, server }), (one) => one.close());
  const address = { host: '127.0.0.1', port: stack.use(await portRunner()).port };
  const driver = {
    capabilities: { isolation: options.exec === undefined ? 'none' : 'container', limits: [] },
    list: () => Promise.resolve([{ id: RUNTIME, name: RUNTIME, address, running: true }]),
    ...(options.exec && { exec: options.exec }),
  };
  const streams = {
    find: (_namespace: string, name: string) => (name === options.name ? sandbox : undefined),
    hosts: { of: () => ({ driver }) },
    // The agent says nothing, and ends.
    runners: {
      of: () => ({ get: async () => undefined, events: async function* () {}, close: async () => undefined }),
    },
    tokenFor: () => ({ token: TOKEN }),
    clock,
    logger,
  } as unknown as PodStreamsOptions;
  const ending = new AbortController();
  const keeping = keepExecutorTunnels({
    ...{ api: connection.transport, executorName: `of-${options.name}`, clock, logger },
    onStream: createPodStreams(streams),
    signal: ending.signal,
  });
  stack.defer(async () => {
    ending.abort(new Error('the test is over'));
    await keeping;
  });
  const owned = stack.move();
  return { pod: options.name, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function runningSandbox(api: TestApi, name: string): Promise<Sandbox> {
  const must = async (path: string, method: 'PATCH' | 'POST', body: object): Promise<unknown> => {
    const answer = await api.send(path, { method, body, ...(method === 'PATCH' && { headers: MERGE }) });
    if (answer.status >= 300) throw new Error(answer.text);
    return answer.json();
  };
  const spec = { prompt: 'do', teamRef: { name: 't', namespace: 'default' } };
  const task = (await must(TASKS, 'POST', {
    ...{ apiVersion: 'agent.wecode.io/v1', kind: 'Task', metadata: { name }, spec },
  })) as { metadata: { uid: string } };
  await must(SANDBOXES, 'POST', {
    ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Sandbox', metadata: { name } },
    spec: {
      taskRef: { name, uid: task.metadata.uid },
      ...{ step: 0, attempt: 1, prompt: 'do', timeoutSeconds: 60 },
      ...{ shell: { type: 'ClaudeCode' }, agent: { botName: 'b' }, executorName: `of-${name}` },
    },
  });
  const status = { phase: 'Running', runtimeID: RUNTIME };
  return (await must(`${SANDBOXES}/${name}/status`, 'PATCH', { status })) as Sandbox;
}

/** The part of a runner that connects to ports. */
async function portRunner(): Promise<AsyncDisposable & { port: number }> {
  const server = createServer();
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    void acceptPort(hash('sha256', TOKEN, 'hex'), request, { socket, head });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
