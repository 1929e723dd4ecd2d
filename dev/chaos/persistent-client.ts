import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '#api/client/client';
import type { Connection } from '#api/client/connect';
import type { KubeObject } from '#api/machinery/meta';
import { refOf } from '#api/machinery/resource-type';
import type { ObjectRef, ResourceType } from '#api/machinery/resource-type';
import { isStatusError } from '#api/machinery/status-error';
import { APPROVALS, SANDBOXES, TASKS } from '#api/types/resources';
import type { ApprovalStatus } from '#api/types/generated/approval';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { TaskEvent } from '#api/types/tasks/task-event';
import type { Task } from '#api/types/generated/task';
import type { NodeRecord } from '#controllers/task/node-record';
import type { StepSeen, TaskSeen } from './evidence.ts';

const AGAIN_MS = 200;
const PATIENCE_MS = 120_000;

/** A user who asks again until the answer comes: whoever he asks may just be away. */
export class PersistentClient {
  readonly #connection: Connection;
  readonly #signal: AbortSignal;

  /** @param signal ends the asking; its reason is thrown */
  constructor(connection: Connection, signal: AbortSignal) {
    this.#connection = connection;
    this.#signal = signal;
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
  persist<T>(act: (client: Client) => Promise<T>): Promise<T> {
    return this.ask(({ client }) => act(client));
  }

  /** As `persist`, for what Tasks have beside objects. */
  async ask<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    for (const end = performance.now() + PATIENCE_MS; ; await delay(AGAIN_MS)) {
      this.#signal.throwIfAborted();
      try {
        return await act(this.#connection);
      } catch (error) {
        if (!isTemporary(error)) throw error;
        if (performance.now() > end) throw new Error('the API does not come back', { cause: error });
      }
    }
  }

  /** Decides about an Approval, unless nobody waits for it. */
  async decide(approval: ObjectRef, body: { status: ApprovalStatus }): Promise<void> {
    try {
      const patch = { type: 'merge', subresource: 'status', body } as const;
      await this.persist((client) => client.patch(APPROVALS, approval, patch));
    } catch (error) {
      const now = await this.persist((client) => client.find(APPROVALS, approval));
      if (now !== undefined && now.status?.phase !== 'Closed') throw error;
    }
  }

  async tasks(): Promise<Task[]> {
    return (await this.persist((client) => client.list(TASKS))).items;
  }

  /** All Sandboxes, by the uid of their Task. */
  async sandboxes(): Promise<Map<string, Sandbox[]>> {
    const { items } = await this.persist((client) => client.list(SANDBOXES));
    return Map.groupBy(items, ({ spec }) => spec.taskRef?.uid ?? '');
  }

  /** All events of a Task. */
  log(task: ObjectRef): Promise<TaskEvent[]> {
    return this.ask(async ({ taskLog }) => {
      const events: TaskEvent[] = [];
      for await (const event of taskLog.read(task)) events.push(event);
      return events;
    });
  }

  /** With its whole log. @param sandboxes of the Task */
  async see(task: Task, sandboxes: readonly Sandbox[]): Promise<TaskSeen> {
    const { name } = task.metadata;
    const log = (await this.log(refOf(task))).map(({ seq, source, sourceSeq }) => ({
      seq,
      source,
      sourceSeq,
    }));
    const { status = '', errorMessage, result, subTasks = [] } = task.status ?? {};
    const value = result?.['value'];
    return {
      ...{ name, status, log },
      ...(errorMessage === undefined ? {} : { message: errorMessage }),
      ...(typeof value === 'string' ? { value } : {}),
      steps: (subTasks as NodeRecord[]).map((record) => stepOf(record, sandboxes)),
    };
  }
}

function stepOf(record: NodeRecord, sandboxes: readonly Sandbox[]): StepSeen {
  const { node, title = '', status = '', attempt = 0, sandboxUID, earlierSandboxes = [] } = record;
  if (record.forkedFrom !== undefined)
    return { node, title, status, isTakenOver: true, attempts: 0, sandboxes: [] };
  const past = record.history === undefined ? [] : sandboxes.filter(({ spec }) => spec.node === node);
  const uids = [
    // The record of a step that people had run again names no Sandboxes of the time before.
    ...past
      .toSorted((a, b) => (a.spec.attempt ?? 0) - (b.spec.attempt ?? 0))
      .map(({ metadata: { uid = '' } }) => uid),
    ...earlierSandboxes.map(({ uid }) => uid).toReversed(),
    ...(sandboxUID === undefined ? [] : [sandboxUID]),
  ];
  return { node, title, status, attempts: attempt, sandboxes: [...new Set(uids)] };
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
