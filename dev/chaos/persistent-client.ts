import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '#api/client/client';
import type { Connection } from '#api/client/connect';
import type { KubeObject } from '#api/machinery/meta';
import type { NewTaskMessage } from '#api/client/task-log';
import type { ObjectRef, ResourceType } from '#api/machinery/resource-type';
import { isStatusError } from '#api/machinery/status-error';
import { TASKS } from '#api/types/resources';
import type { Task } from '#api/types/generated/task';
import type { NodeRecord } from '#controllers/task/node-record';
import type { StepSeen, TaskSeen } from './evidence.ts';

const AGAIN_MS = 200;
const PATIENCE_MS = 120_000;

/** A user who asks again until the answer comes: whoever he asks may just be away. */
export class PersistentClient {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Creates it, unless that was done before by a request whose answer was lost. */
  async create<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<void> {
    await this.persist(async (client) => {
      await client.create(type, object).catch((error: unknown) => {
        if (!isStatusError(error, 'AlreadyExists')) throw error;
      });
    });
  }

  /** @throws Error when it has not worked for two minutes; its cause is the last answer */
  async persist<T>(act: (client: Client) => Promise<T>): Promise<T> {
    for (const end = performance.now() + PATIENCE_MS; ; await delay(AGAIN_MS)) {
      try {
        return await act(this.#connection.client);
      } catch (error) {
        if (!isTemporary(error)) throw error;
        if (performance.now() > end) throw new Error('the API does not come back', { cause: error });
      }
    }
  }

  /** Says something to the agents of a Task. */
  say(task: ObjectRef, message: NewTaskMessage): Promise<void> {
    return this.persist(() => this.#connection.taskLog.post(task, message));
  }

  async tasks(): Promise<Task[]> {
    return (await this.persist((client) => client.list(TASKS))).items;
  }

  /** With its whole log. */
  async see(task: Task): Promise<TaskSeen> {
    const { name, namespace = '' } = task.metadata;
    const log = await this.persist(async () => {
      const events: TaskSeen['log'][number][] = [];
      for await (const { seq, source, sourceSeq } of this.#connection.taskLog.read({ name, namespace }))
        events.push({ seq, source, sourceSeq });
      return events;
    });
    const { status = '', errorMessage, result, subTasks = [] } = task.status ?? {};
    const value = result?.['value'];
    return {
      ...{ name, status, log },
      ...(errorMessage === undefined ? {} : { message: errorMessage }),
      ...(typeof value === 'string' ? { value } : {}),
      steps: (subTasks as NodeRecord[]).map(stepOf),
    };
  }
}

function stepOf({
  node,
  title = '',
  status = '',
  attempt = 0,
  sandboxUID,
  earlierSandboxes = [],
}: NodeRecord): StepSeen {
  const sandboxes = [
    ...earlierSandboxes.map(({ uid }) => uid).toReversed(),
    ...(sandboxUID === undefined ? [] : [sandboxUID]),
  ];
  return { node, title, status, attempts: attempt, sandboxes };
}

function isTemporary(error: unknown): boolean {
  const reasons = [
    'ServiceUnavailable',
    'InternalError',
    'Timeout',
    'ServerTimeout',
    'TooManyRequests',
    'Conflict',
  ] as const;
  return reasons.some((reason) => isStatusError(error, reason));
}
