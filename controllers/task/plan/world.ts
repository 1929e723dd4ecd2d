import { formatTime } from '#api/machinery/clock';
import { applyMergePatch } from '#api/machinery/json/merge-patch';
import type { Approval, ApprovalStatus } from '#api/types/generated/approval';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import type { Task, TaskMessage, TaskSpec, TaskStatus } from '#api/types/generated/task';
import type { TaskRevision } from '#api/types/generated/task-revision';
import { isFinalTaskStatus } from '#api/types/tasks/task';
import type { Resolution } from '../configuration/resolve.ts';
import type { Inheritance } from '../fork/take-over.ts';
import type { PlannedNode } from '../graph/graph.ts';
import { keptSandbox, keptTask } from '../kept-objects.ts';
import type { Programs } from '../unfold/unfold.ts';
import { planTask } from './plan.ts';
import type { TaskPlan } from './plan.ts';
import type { OverSandbox } from './settle.ts';

/** For tests of the plan: a server that has one Task and its Sandboxes, and controllers that carry plans out. */

export const NOW = '2026-01-01T00:00:00Z';

export function resolved(...nodes: PlannedNode[]): Resolution {
  return {
    outcome: 'resolved',
    content: {
      teamRef: { namespace: 'default', name: 'team' },
      mode: 'made-up',
      workspace: { ref: { name: 'w' }, gitUrl: 'u', branchName: 'main' },
      nodes,
    },
  };
}

/** The objects that a controller believes to exist. */
export interface Cache {
  task: Task;
  sandboxes: readonly Sandbox[];
  approvals?: readonly Approval[];
}

/** How far a controller comes with a plan before it dies. */
type Reach = 'all' | 'status';

/** The plan was made from an old state, or the server has what the plan takes for over: nothing more is done. */
export class PlanConflict extends Error {}

export class World {
  /** As the Team, its parts and the Workspace are now. */
  resolution: Resolution;
  /** How graphs grow. */
  programs: Programs = {};
  /** Of a fork: what it takes over. */
  inheritance: Inheritance | undefined;
  /** RFC 3339. */
  now = NOW;
  readonly #revisions = new Map<string, TaskRevision>();
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #approvals = new Map<string, Approval>();
  #task: Task;
  /** Why its user may start no further run. */
  refusal: string | undefined;
  #created = 0;
  #version = 1;
  /** Called before each Sandbox that is made. */
  onCreate: (sandbox: Sandbox) => void = () => undefined;

  constructor(resolution: Resolution, spec: Partial<TaskSpec> = {}) {
    this.resolution = resolution;
    this.#task = {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Task',
      metadata: { name: 'fix', namespace: 'default', uid: 'abcdef-1', generation: 1, resourceVersion: '1' },
      spec: { prompt: 'do it', teamRef: { name: 'team' }, ...spec },
    };
  }

  /** All as it is on the server. Frozen: whoever plans changes nothing. */
  cache(): Cache {
    return deepFrozen({ task: this.#task, sandboxes: this.sandboxes(), approvals: this.approvals() });
  }

  /** By what the caches of controllers keep. */
  plan({ task, sandboxes, approvals = [] }: Cache = this.cache()): TaskPlan {
    const taskRevision = this.#revisions.get(task.status?.revision ?? '');
    return planTask({
      task: keptTask(task),
      sandboxes: sandboxes.map(keptSandbox),
      approvals,
      taskRevision,
      resolve: () => this.resolution,
      ...(this.inheritance === undefined ? {} : { inheritance: this.inheritance }),
      programs: this.programs,
      now: this.now,
      ...(this.refusal === undefined ? {} : { refusal: this.refusal }),
    });
  }

  /** Plans and does what the plan says, as the reconciler does. @throws PlanConflict */
  step(cache: Cache = this.cache(), reach: Reach = 'all'): TaskPlan {
    const plan = this.plan(cache);
    const { task } = cache;
    for (const over of plan.mustBeOver) this.#requireOver(over);
    // A plan without news hands back the status that it was given.
    const isNews = plan.status !== undefined && plan.status !== task.status;
    if (isNews) this.#writeStatus(task, plan.status);
    if (reach === 'status') return plan;
    for (const { metadata } of plan.cancel) {
      if (this.#sandboxes.has(metadata.name)) this.change(metadata.name, { spec: { cancel: true } });
    }
    for (const { sandbox, answers, messages } of plan.tell) {
      const { name } = sandbox.metadata;
      const spec = {
        ...(answers && { answers: [...answers] }),
        ...(messages && { messages: [...messages] }),
      };
      if (this.#sandboxes.has(name)) this.change(name, { spec });
    }
    for (const { sandbox, fields } of plan.reschedule) this.#patch(sandbox.metadata.name, { spec: fields });
    if (plan.create.length > 0 && !isNews) this.#requireFresh(task);
    for (const approval of plan.approvals) {
      if (!this.#approvals.has(approval.metadata.name)) this.#approvals.set(approval.metadata.name, approval);
    }
    if (plan.ensure !== undefined) this.#revisions.set(plan.ensure.metadata.name, plan.ensure);
    for (const sandbox of plan.create) this.make(sandbox);
    return plan;
  }

  /** Plans until nothing changes. */
  settle(): Task {
    for (let round = 0; round < 50; round += 1) {
      const before = JSON.stringify(this.cache());
      this.step();
      if (JSON.stringify(this.cache()) === before) return this.#task;
    }
    throw new Error('the plan does not settle');
  }

  change(name: string, { spec, status }: { spec?: Partial<Sandbox['spec']>; status?: SandboxStatus }): void {
    const sandbox = this.sandbox(name);
    this.#sandboxes.set(name, {
      ...sandbox,
      spec: { ...sandbox.spec, ...spec },
      ...(status === undefined ? {} : { status: { ...sandbox.status, ...status } }),
    });
  }

  pass(seconds: number): void {
    this.now = formatTime(Date.parse(this.now) + seconds * 1000);
  }

  /** Deleted, and waited for: its container may still run. */
  mark(name: string): void {
    const sandbox = this.sandbox(name);
    this.#sandboxes.set(name, { ...sandbox, metadata: { ...sandbox.metadata, deletionTimestamp: NOW } });
  }

  /** As somebody does who deletes all TaskRevisions by hand. */
  removeRevisions(): void {
    this.#revisions.clear();
  }

  revisions(): string[] {
    return [...this.#revisions.keys()];
  }

  remove(name: string): void {
    this.#sandboxes.delete(name);
  }

  /** The status becomes another one, as by another version. */
  rewrite(change: (status: TaskStatus) => TaskStatus): void {
    if (this.#task.status !== undefined) this.#write({ ...this.#task, status: change(this.#task.status) });
  }

  edit(change: Partial<TaskSpec>): void {
    this.#write({ ...this.#task, spec: { ...this.#task.spec, ...change } });
  }

  /** People answer all that the Task asks at this moment. */
  answerAll(): void {
    const given = this.#task.spec.answers ?? [];
    // The server takes one answer to a question.
    const asked = (this.#task.status?.questions ?? []).filter(({ id }) =>
      given.every((one) => one.id !== id),
    );
    const answers = asked.map(({ id }) => ({ id, decision: 'allow' as const }));
    if (asked.length > 0) this.edit({ answers: [...given, ...answers] });
  }

  /** As the server adds a message; false where it refuses one. */
  post(words: Partial<TaskMessage> = {}): boolean {
    const { messages = [], cancel } = this.#task.spec;
    if (cancel === true && !isFinalTaskStatus(this.#task.status?.status)) return false;
    const number = messages.length + 1;
    const message = {
      id: `id${number}`,
      number,
      text: `words ${number}`,
      policy: 'Queue' as const,
      ...words,
    };
    this.edit({ messages: [...messages, message], cancel: false });
    return true;
  }

  /** Those that nobody has decided. */
  openApprovals(): Approval[] {
    return this.approvals().filter(({ status }) => status === undefined);
  }

  approvals(): Approval[] {
    return [...this.#approvals.values()];
  }

  decide(name: string, status: ApprovalStatus): void {
    const approval = this.#approvals.get(name);
    if (approval === undefined) throw new Error(`no Approval ${name}`);
    this.#approvals.set(name, { ...approval, status });
  }

  /** As somebody does by hand. */
  removeApproval(name: string): void {
    this.#approvals.delete(name);
  }

  names(): string[] {
    return [...this.#sandboxes.keys()];
  }

  /** Unless it is there already. */
  make(sandbox: Sandbox): void {
    const { name } = sandbox.metadata;
    if (this.#sandboxes.has(name)) return;
    this.onCreate(sandbox);
    this.#created += 1;
    this.#sandboxes.set(name, {
      ...sandbox,
      metadata: { ...sandbox.metadata, uid: `sandbox-${this.#created}` },
    });
  }

  sandboxes(): Sandbox[] {
    return [...this.#sandboxes.values()];
  }

  sandbox(name: string): Sandbox {
    const sandbox = this.#sandboxes.get(name);
    if (sandbox === undefined) throw new Error(`no Sandbox ${name}`);
    return sandbox;
  }

  task(): Task {
    return this.#task;
  }

  #patch(name: string, patch: object): void {
    const known = this.#sandboxes.get(name);
    if (known !== undefined) this.#sandboxes.set(name, applyMergePatch(known, patch));
  }

  #write(task: Task): void {
    this.#version += 1;
    this.#task = { ...task, metadata: { ...task.metadata, resourceVersion: String(this.#version) } };
  }

  #writeStatus(from: Task, status: TaskStatus | undefined): void {
    this.#requireFresh(from);
    if (status !== undefined) this.#write({ ...this.#task, status });
  }

  #requireFresh({ metadata }: Task): void {
    if (metadata.resourceVersion !== this.#task.metadata.resourceVersion)
      throw new PlanConflict('an old Task');
  }

  #requireOver({ name, ended }: OverSandbox): void {
    const found = this.#sandboxes.get(name);
    if (found !== undefined && found.metadata.uid !== ended) throw new PlanConflict(`${name} is there`);
  }
}

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFrozen(inner);
  }
  return value;
}
