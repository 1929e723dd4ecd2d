import path from 'node:path';
import { expect } from 'vitest';
import { connect } from '#api/client/connect';
import type { Connection } from '#api/client/connect';
import { startApi } from '#api/main';
import { executorAccount } from '#api/machinery/users/process-account';
import { controllerReference } from '#api/machinery/meta';
import type { TaskEvent } from '#api/types/tasks/task-event';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox, SandboxSpec } from '#api/types/generated/sandbox';
import type { Task } from '#api/types/generated/task';
import { EXECUTORS, MODELS, SANDBOXES, TASKS } from '#api/types/resources';
import { freePort } from '#dev/environment/free-port';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { readExecutorManagerConfig } from '#executor-manager/config';
import type { ExecutorManagerConfig } from '#executor-manager/config';
import { startExecutorManager } from '#executor-manager/main';
import type { ExecutorManager, ExecutorManagerOptions } from '#executor-manager/main';
import { createLogger } from '#cli/logger';
import { ALLOWED_ADDRESSES } from '../../kit/allowed-addresses.ts';
import { SECRET_KEY } from '../../kit/manifests.ts';
import { modelService } from '../../kit/model-script.ts';
import { witnessLogger } from '../../kit/witness-logger.ts';

/** The real API on SQLite and a scripted model, with one executor manager; the test plays the controllers. */
export interface Stage extends AsyncDisposable {
  readonly folder: string;
  readonly kubeconfig: string;
  /** Of the executor: managers run with the rights that they have in production. */
  readonly executorKubeconfig: string;
  readonly connection: Connection;
  readonly modelURL: string;
}

const NAMESPACE = 'default';
export const EXECUTOR = 'stage';

export const SCRIPT = `
rules:
  - when: { contains: slow }
    reply: one two three four five six seven eight nine ten
    chunkDelay: 150
  - when: { contains: hang }
    hang: true
  - when: { contains: fill the disk }
    steps:
      - toolCall: { name: Bash, input: { command: head -c 30M /dev/zero > big; sleep 300, description: Fill, timeout: 600000 } }
  - when: { contains: use up the processes }
    steps:
      - toolCall: { name: Bash, input: { command: while true; do sleep 300 & done, description: Fork, timeout: 600000 } }
  - when: { contains: fill the temporary folder }
    steps:
      - toolCall: { name: Bash, input: { command: head -c 600M /dev/zero > /tmp/big, description: Fill } }
      - reply: 'It said {{toolResult}}'
  - when: { contains: build an application }
    steps:
      - toolCall: { name: Bash, input: { command: 'head -c 350M /dev/zero > ~/cache && head -c 350M /dev/zero > $TMPDIR/x && stat -c %s ~/cache $TMPDIR/x', description: Build } }
      - reply: '{{toolResult}} ${'word '.repeat(30_000)}'
  - reply: Hello there.
`;

/** The model service listens on loopback, where no container reaches it; `modelName` is another name of this machine. */
export async function stage(options: { modelName?: string; script?: string } = {}): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('stage')).path;
  const model = stack.use(await modelService(options.script ?? SCRIPT));
  const log = stack.use(witnessLogger('the API server'));
  const api = await startApi({
    listen: { host: '127.0.0.1', port: 0 },
    dataDir: path.join(folder, 'api'),
    logger: log,
  });
  stack.defer(() => api.close());
  const connection = await connect({ kubeconfig: api.kubeconfigPath });
  stack.defer(() => connection.close());
  const modelURL = new URL(model.url);
  if (options.modelName !== undefined) modelURL.hostname = options.modelName;
  await connection.client.create(MODELS, {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Model',
    metadata: { name: 'model', namespace: NAMESPACE },
    spec: { modelConfig: { env: { base_url: modelURL.href, api_key: SECRET_KEY } } },
  });
  const owned = stack.move();
  return {
    folder,
    kubeconfig: api.kubeconfigPath,
    executorKubeconfig: await api.identities.kubeconfigOf(executorAccount(EXECUTOR)),
    connection,
    modelURL: modelURL.href,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export interface ManagerOptions {
  driver: 'docker' | 'process';
  /** Of the port range; default 10. */
  ports?: number;
  /** How many runs may share a process; default 0: each has a runtime of its own. */
  conversations?: number;
  env?: Record<string, string>;
}

/** Settings of an executor on the stage; the ports are free at the moment. */
export async function managerConfig(on: Stage, options: ManagerOptions): Promise<ExecutorManagerConfig> {
  const first = await freePort();
  const environment = {
    PATH: process.env['PATH'],
    DOCKER_HOST: process.env['DOCKER_HOST'],
    EXECUTOR_IMAGE: process.env['EXECUTOR_IMAGE'],
    MAX_CONCURRENT_CONVERSATIONS: String(options.conversations ?? 0),
    EXECUTOR_PORT_RANGE_MIN: String(first),
    EXECUTOR_PORT_RANGE_MAX: String(Math.min(65_535, first + (options.ports ?? 10) - 1)),
    TROUPE_ALLOWED_ADDRESSES: ALLOWED_ADDRESSES,
    ...options.env,
  };
  return readExecutorManagerConfig(environment, {
    driver: options.driver,
    dataDir: path.join(on.folder, 'executor'),
    executorName: EXECUTOR,
  });
}

export async function startManager(
  on: Stage,
  config: ExecutorManagerConfig,
  options: Partial<ExecutorManagerOptions> = {},
): Promise<ExecutorManager & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const log = stack.use(witnessLogger('the executor manager'));
  const connection = await connect({ kubeconfig: on.executorKubeconfig });
  stack.defer(() => connection.close());
  const logger = process.env['TROUPE_TEST_LOG'] === undefined ? log : createLogger('debug');
  const manager = await startExecutorManager({ ...connection, config, logger, ...options });
  stack.defer(() => manager.stop());
  const owned = stack.move();
  // Idempotent.
  const stop = (): Promise<void> => owned.disposeAsync();
  return { ...manager, stop, [Symbol.asyncDispose]: stop };
}

/** A Task for the event log, and one Sandbox of it that is bound to the executor. */
export async function runSandbox(
  on: Stage,
  given: { name: string; prompt: string; spec?: Partial<SandboxSpec> },
): Promise<{ task: Task; sandbox: Sandbox }> {
  const { client } = on.connection;
  const task = await client.create(TASKS, {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name: given.name, namespace: NAMESPACE },
    spec: { title: given.name, prompt: given.prompt, teamRef: { name: 'none', namespace: NAMESPACE } },
  });
  return { task, sandbox: await createSandbox(on, task, given) };
}

export function createSandbox(
  on: Stage,
  task: Task,
  given: { name: string; prompt: string; spec?: Partial<SandboxSpec> },
): Promise<Sandbox> {
  return on.connection.client.create(SANDBOXES, {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: {
      name: `${given.name}-s0-a1`,
      namespace: NAMESPACE,
      finalizers: ['agent.wecode.io/sandbox'],
      ownerReferences: [controllerReference(task)],
    },
    spec: {
      taskRef: { name: task.metadata.name, uid: task.metadata.uid ?? '' },
      step: 0,
      attempt: 1,
      executorName: EXECUTOR,
      timeoutSeconds: 60,
      ...(given.spec?.action === undefined ? agentPart(on, given.prompt) : {}),
      ...given.spec,
    },
  });
}

const agentPart = (on: Stage, prompt: string): Partial<SandboxSpec> => ({
  prompt,
  shell: { type: 'Chat' },
  agent: { botName: 'bot' },
  model: { ref: { name: 'model' }, protocol: 'openai', name: 'gpt', baseURL: on.modelURL },
});

/** Watches until the Sandbox is as wanted. */
export async function untilSandbox(
  on: Stage,
  name: string,
  wanted: (sandbox: Sandbox) => boolean,
): Promise<Sandbox> {
  const { client } = on.connection;
  const now = await client.get(SANDBOXES, { namespace: NAMESPACE, name });
  if (wanted(now)) return now;
  const options = { namespace: NAMESPACE, fieldSelector: `metadata.name=${name}` };
  const resourceVersion = now.metadata.resourceVersion ?? '';
  for await (const event of client.watch(SANDBOXES, { ...options, resourceVersion })) {
    if (event.type === 'ERROR') throw new Error(event.object.message);
    if (event.type === 'DELETED') throw new Error(`Sandbox ${name} was deleted`);
    if (event.type !== 'BOOKMARK' && wanted(event.object)) return event.object;
  }
  throw new Error(`the watch of Sandbox ${name} ended`);
}

export function untilGone(on: Stage, name: string): Promise<void> {
  return untilSandbox(on, name, () => false).then(
    () => undefined,
    (error: unknown) => {
      if (!/was deleted|not found/.test((error as Error).message)) throw error;
    },
  );
}

export async function untilExecutor(on: Stage, wanted: (executor: Executor) => boolean): Promise<Executor> {
  const { client } = on.connection;
  const now = await client.get(EXECUTORS, { name: EXECUTOR });
  if (wanted(now)) return now;
  const resourceVersion = now.metadata.resourceVersion ?? '';
  for await (const event of client.watch(EXECUTORS, { resourceVersion })) {
    if (event.type !== 'BOOKMARK' && event.type !== 'ERROR' && wanted(event.object)) return event.object;
  }
  throw new Error('the watch of Executors ended');
}

export const inPhase =
  (...phases: string[]) =>
  (sandbox: Sandbox): boolean =>
    phases.includes(sandbox.status?.phase ?? '');

export const isOver = inPhase('Succeeded', 'Failed', 'Cancelled');

export async function eventLog(on: Stage, task: string): Promise<TaskEvent[]> {
  const events: TaskEvent[] = [];
  for await (const event of on.connection.taskLog.read({ namespace: NAMESPACE, name: task }))
    events.push(event);
  return events;
}

export const spoken = (events: readonly TaskEvent[]): string =>
  events
    .filter((event) => event.type === 'text')
    .map((event) => String(event.data['text']))
    .join('');

/** A call of the Model ends with its manager: the answer is asked for once more, and a line of the log says so. */
export function spokenAtLast(events: readonly TaskEvent[]): string {
  const begins = events.findLastIndex(({ data }) => String(data['text']).endsWith('the answer begins again'));
  return spoken(events.slice(begins + 1));
}

/** Follows the log until such an event is in it. */
export async function untilEvent(
  on: Stage,
  task: string,
  wanted: (event: TaskEvent) => boolean,
): Promise<TaskEvent> {
  const options = { follow: true };
  for await (const event of on.connection.taskLog.read({ namespace: NAMESPACE, name: task }, options)) {
    if (wanted(event)) return event;
  }
  throw new Error(`the log of Task ${task} ended`);
}

/** Both numberings without a gap and without a repetition; for a log with one source. */
export function expectEachOnce(events: readonly TaskEvent[]): void {
  expect(events.map((event) => event.sourceSeq)).toEqual(events.map((_, index) => index + 1));
  expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
}
