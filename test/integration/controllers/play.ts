import { randomBytes } from 'node:crypto';
import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import { withCondition } from '#api/machinery/condition';
import type { KubeObject, Unstructured } from '#api/machinery/meta';
import type { ObjectRef, ResourceType } from '#api/machinery/resource-type';
import { isStatusError } from '#api/machinery/status-error';
import { executorReady } from '#api/types/executor';
import type { Executor } from '#api/types/generated/executor';
import type { GhostSpec } from '#api/types/generated/ghost';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import type { Task, TaskSpec } from '#api/types/generated/task';
import type { TeamMember, TeamSpec } from '#api/types/generated/team';
import {
  BOTS,
  EVENTS,
  EXECUTORS,
  GHOSTS,
  MODELS,
  NAMESPACES,
  SANDBOXES,
  SHELLS,
  TASKS,
  TEAMS,
  WORKSPACES,
} from '#api/types/resources';
import { SANDBOX_FINALIZER } from '#api/types/sandboxes/sandbox';
import { until as untilObject } from './until.ts';

/** What a user and an executor manager do, in the words of the tests. All in one namespace. */
export type Play = ReturnType<typeof play>;

const V1 = 'agent.wecode.io/v1';

export function play(client: Client, namespace: string) {
  const within = (name: string): ObjectRef => ({ namespace, name });
  const meta = (name: string) => ({ name, namespace });

  const until = <T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    holds: (object: T | undefined) => boolean,
  ): Promise<T | undefined> =>
    untilObject(client, { type, name, ...(type.namespaced && { namespace }) }, holds);

  async function there<T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    holds: (object: T) => boolean = () => true,
  ): Promise<T> {
    const found = await until(type, name, (object) => object !== undefined && holds(object));
    if (found === undefined) throw new Error(`${type.kind} ${name} is not there`);
    return found;
  }

  /** Read, change, write; again when somebody else wrote in between. */
  async function change<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    write: (object: T) => Promise<unknown>,
  ): Promise<void> {
    for (;;) {
      try {
        await write(await client.get(type, ref));
        return;
      } catch (error) {
        if (!isStatusError(error, 'Conflict')) throw error;
      }
    }
  }

  /** Waits for Events with all these reasons, and returns every Event of the namespace seen so far. */
  async function told(...reasons: string[]): Promise<Unstructured[]> {
    const list = await client.list(EVENTS, { namespace });
    const events = [...list.items];
    const isComplete = (): boolean =>
      reasons.every((reason) => events.some((event) => event['reason'] === reason));
    if (isComplete()) return events;
    const resourceVersion = list.metadata.resourceVersion ?? '';
    for await (const event of client.watch(EVENTS, { namespace, resourceVersion })) {
      if (event.type === 'ADDED') events.push(event.object);
      if (isComplete()) return events;
    }
    throw new Error('the watch of events ended');
  }

  const create = {
    ghost: (name: string, spec: Partial<GhostSpec> = {}) =>
      client.create(GHOSTS, {
        apiVersion: V1,
        kind: 'Ghost',
        metadata: meta(name),
        spec: { systemPrompt: 'You are.', ...spec },
      }),
    shell: (name: string) =>
      client.create(SHELLS, {
        apiVersion: V1,
        kind: 'Shell',
        metadata: meta(name),
        spec: { shellType: 'ClaudeCode' },
      }),
    model: (name: string) =>
      client.create(MODELS, {
        apiVersion: V1,
        kind: 'Model',
        metadata: meta(name),
        spec: { modelConfig: { env: { model: 'claude', model_id: 'x', api_key: 'hush' } } },
      }),
    bot: (name: string) =>
      client.create(BOTS, {
        apiVersion: V1,
        kind: 'Bot',
        metadata: meta(name),
        spec: { ghostRef: { name: 'ghost' }, shellRef: { name: 'shell' }, modelRef: { name: 'model' } },
      }),
    team: (
      name: string,
      members: TeamMember[],
      collaborationModel: TeamSpec['collaborationModel'] = 'pipeline',
    ) =>
      client.create(TEAMS, {
        apiVersion: V1,
        kind: 'Team',
        metadata: meta(name),
        spec: { members, collaborationModel },
      }),
    workspace: (name: string) =>
      client.create(WORKSPACES, {
        apiVersion: V1,
        kind: 'Workspace',
        metadata: meta(name),
        spec: { repository: { gitUrl: 'https://example.com/a/b.git', branchName: 'main' } },
      }),
    task: (name: string, spec: Partial<TaskSpec> = {}) =>
      client.create(TASKS, {
        apiVersion: V1,
        kind: 'Task',
        metadata: meta(name),
        spec: { prompt: 'do it', teamRef: { name: 'team' }, ...spec },
      }),
    /** A Team "team" of one or more members, and all it is made of. */
    async everything(...members: Partial<TeamMember>[]): Promise<void> {
      await Promise.all([
        create.ghost('ghost'),
        create.shell('shell'),
        create.model('model'),
        create.bot('bot'),
      ]);
      const all = members.length === 0 ? [{}] : members;
      await create.team(
        'team',
        all.map((member) => Object.assign({ botRef: { name: 'bot' } }, member)),
      );
    },
  };

  /** The executor manager `name` says (or the controller found) this about itself. */
  const executorStatus = (name: string, status: Executor['status']): Promise<void> =>
    change(EXECUTORS, { name }, (object) =>
      client.updateStatus(EXECUTORS, { ...object, status: { ...object.status, ...status } }),
    );

  /** An executor manager that reports itself ready, with room for `sandboxes`. */
  async function executor(name: string, sandboxes: number): Promise<void> {
    const at = formatTime(Date.now());
    const created = await client.create(EXECUTORS, {
      apiVersion: 'agent.wecode.io/v1alpha1',
      kind: 'Executor',
      metadata: { name },
      spec: {},
    });
    const conditions = withCondition([], executorReady('ready'), { now: at });
    const status: Executor['status'] = { capacity: { sandboxes }, lastHeartbeatTime: at, conditions };
    await client.updateStatus(EXECUTORS, { ...created, status });
  }

  /** What the executor manager writes. */
  const report = (name: string, status: SandboxStatus): Promise<void> =>
    change(SANDBOXES, within(name), (object) =>
      client.updateStatus(SANDBOXES, { ...object, status: { ...object.status, ...status } }),
    );

  return {
    client,
    namespace,
    within,
    until,
    there,
    told,
    change,
    create,
    executor,
    executorStatus,
    /** Those of all namespaces go with the test, since they are for all. */
    async removeExecutors(): Promise<void> {
      const { items } = await client.list(EXECUTORS);
      for (const { metadata } of items) await client.delete(EXECUTORS, { name: metadata.name });
      await Promise.all(
        items.map(({ metadata }) => until(EXECUTORS, metadata.name, (one) => one === undefined)),
      );
    },
    bound: (name: string): Promise<Sandbox> =>
      there(SANDBOXES, name, ({ spec }) => spec.executorName !== undefined),
    runs: (name: string) => report(name, { phase: 'Running' }),
    succeeds: (name: string, value: string, more: NonNullable<SandboxStatus['result']> = {}) =>
      report(name, {
        ...{ phase: 'Succeeded', reason: 'Succeeded' },
        result: { value, usage: { inputTokens: 1 }, ...more },
      }),
    fails: (name: string, reason: string, message = 'why') =>
      report(name, { phase: 'Failed', reason, message }),
    stops: (name: string) => report(name, { phase: 'Cancelled', reason: 'Cancelled' }),
    /** The container is gone. */
    lets: (name: string) =>
      change(SANDBOXES, within(name), (object) => {
        const finalizers = object.metadata.finalizers?.filter((one) => one !== SANDBOX_FINALIZER) ?? [];
        return client.update(SANDBOXES, { ...object, metadata: { ...object.metadata, finalizers } });
      }),
    task: (name: string, status: string): Promise<Task> =>
      there(TASKS, name, (task) => task.status?.status === status),
    edit: (name: string, spec: Partial<TaskSpec>) =>
      client.patch(TASKS, within(name), { type: 'merge', body: { spec } }),
    async sandboxes(): Promise<Sandbox[]> {
      return (await client.list(SANDBOXES, { namespace })).items;
    },
  };
}

/** In a namespace of its own, so that tests can share a world. */
export async function playAlone(client: Client): Promise<Play> {
  const name = `n${randomBytes(4).toString('hex')}`;
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return play(client, name);
}

/** The name of the Sandbox of one attempt. */
export function sandboxNameOf(task: Task, step: number, attempt: number): string {
  return `${task.metadata.name}-${(task.metadata.uid ?? '').slice(0, 5)}-s${step}-a${attempt}`;
}
