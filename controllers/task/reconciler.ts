import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { objectKey } from '#api/machinery/meta';
import { refOf } from '#api/machinery/resource-type';
import type { ObjectRef } from '#api/machinery/resource-type';
import { conflict } from '#api/machinery/status-error';
import type { Tracer } from '#api/machinery/tracing/tracer';
import type { Approval } from '#api/types/generated/approval';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task, TaskStatus } from '#api/types/generated/task';
import type { TaskRevision } from '#api/types/generated/task-revision';
import { TASK_REVISIONS, TASKS } from '#api/types/resources';
import { isAtRest, isFinalTaskStatus, TaskReason } from '#api/types/tasks/task';
import type { Reconcile } from '../runtime/controller.ts';
import type { EventSink } from '../runtime/controller-context.ts';
import { soonest } from '../runtime/soonest.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { ensureApprovals } from './approvals/ensure-approvals.ts';
import { inTheWay, inTheWayEvent } from './approvals/in-the-way.ts';
import { forbiddenUse, usedBySandboxes } from './configuration/forbidden-use.ts';
import { askedRevision, resolveNamed, usedByRevision } from './configuration/named-revision.ts';
import { pinOf, resolvePinned, usedByPinned } from './configuration/pinned-revision.ts';
import { resolveTask } from './configuration/resolve.ts';
import type { Configuration, Resolution } from './configuration/resolve.ts';
import { usedConfiguration } from './configuration/used-configuration.ts';
import type { UsedConfiguration, UsedObject } from './configuration/used-configuration.ts';
import { giveBack, inherit, parentOf } from './fork/inherit.ts';
import type { Inheritance } from './fork/take-over.ts';
import type { CollaborationModels } from './graph/collaboration-models.ts';
import { planTask } from './plan/plan.ts';
import { planRefused, planRefusedSmall } from './plan/refused.ts';
import type { Refused } from './plan/refused.ts';
import type { Observation, TaskPlan } from './plan/plan.ts';
import type { Rejection } from './plan/settle.ts';
import type { CreatedSandboxes } from './created-sandboxes.ts';
import { ensureRevision } from './revision/ensure-revision.ts';
import { hasRevision, makeRevision } from './revision/task-revision.ts';
import {
  cancelSandbox,
  createSandbox,
  isRejection,
  requireOver,
  rescheduleSandbox,
  tellSandbox,
} from './sandbox-writes.ts';
import { taskEvents } from './status/events.ts';
import { neighbourEvents, workspaceAtWork } from './status/neighbours.ts';
import type { TaskFigures } from './status/task-figures.ts';
import { recordTask } from './status/task-span.ts';
import type { Programs } from './unfold/unfold.ts';

export interface TaskReconcilerOptions {
  tasks: { get(key: string): Task | undefined };
  revisions: { get(key: string): TaskRevision | undefined };
  /** Sandboxes of the namespace whose controller is the Task with this uid. */
  sandboxesOf: (taskUID: string, namespace: string | undefined) => readonly Sandbox[];
  /** Sandboxes of other Tasks of the namespace that the Task with this uid holds, as it has taken over what they have done. */
  heldBy: (taskUID: string, namespace: string | undefined) => readonly Sandbox[];
  /** Approvals of the namespace whose controller is the Task with this uid. */
  approvalsOf: (taskUID: string, namespace: string | undefined) => readonly Approval[];
  /** All, by their keys. */
  approvals: { get(key: string): Approval | undefined };
  created: CreatedSandboxes;
  /** Tasks under way that work in the Workspace with this key. */
  tasksAtWork: (workspace: string) => readonly Task[];
  configuration: Configuration;
  models: CollaborationModels;
  /** How graphs grow. */
  programs: Programs;
  recorder: EventSink;
  /** For Tasks that wait for something. */
  troubles: Troubles;
  clock: Clock;
  tracer: Tracer;
  figures: TaskFigures;
}

type TaskClient = Pick<Client, 'create' | 'delete' | 'find' | 'get' | 'patch' | 'updateStatus'>;
type Context = TaskReconcilerOptions & { client: TaskClient };

/**
 * Takes a Task one move further. The status is written first and checked against the version the plan was
 * made from: a plan made from an old state ends there, before anything was started.
 */
export function taskReconciler(given: TaskReconcilerOptions): Reconcile<TaskClient> {
  return async (key, { client }) => {
    const options: Context = { ...given, client };
    const task = options.tasks.get(key);
    // What belongs to a deleted Task is the garbage collector's.
    if (task === undefined || task.metadata.deletionTimestamp !== undefined) {
      options.troubles.follow(key, undefined);
      return;
    }
    const configuration = usedConfiguration(options.configuration);
    const { programs } = options;
    const { uid: taskUID = '', namespace } = task.metadata;
    const taskRevision = await findRevision(options, task);
    const source = await configurationSource(options, configuration, { task, taskRevision });
    const start = isStarting(task) ? await beginning(options, task, source) : {};
    const { judged, inheritance, held = options.heldBy(taskUID, namespace) } = start;
    await giveBack(client, task, held);
    const { isHeld, wakeAt } = await carryOut(options, configuration, {
      task,
      programs,
      taskRevision,
      sandboxes: [...options.sandboxesOf(taskUID, namespace), ...options.created.of(taskUID)],
      held,
      approvals: options.approvalsOf(taskUID, namespace),
      resolve: () => judged ?? source.resolve(),
      ...(inheritance === undefined ? {} : { inheritance }),
      now: formatTime(options.clock.now()),
    });
    // No object tells that a right was given: roles are not all that may give one.
    const isRefused = judged?.outcome === 'waiting' && judged.reason === TaskReason.UseForbidden;
    return soonest(
      isRefused || isHeld ? REFUSED_AGAIN_MS : undefined,
      wakeAt === undefined ? undefined : Math.max(0, Date.parse(wakeAt) - options.clock.now()),
    );
  };
}

const REFUSED_AGAIN_MS = 30_000;

const isStarting = (task: Task): boolean =>
  !hasRevision(task.status) && !isAtRest(task) && task.spec.cancel !== true;

/** Where the configuration of a Task comes from. */
interface ConfigurationSource {
  resolve: () => Resolution;
  /** The objects that it uses, once it was resolved. */
  used: () => readonly UsedObject[];
}

/** The TaskRevision that the Task names, else that which its Team is pinned to, else the Team as it is now. */
async function configurationSource(
  options: Context,
  configuration: UsedConfiguration,
  { task, taskRevision }: { task: Task; taskRevision: TaskRevision | undefined },
): Promise<ConfigurationSource> {
  if (askedRevision(task) !== undefined) {
    const named = await namedRevision(options, task);
    return { resolve: () => resolveNamed(task, named), used: () => usedByRevision(task, named) };
  }
  // A planned Task no longer asks its Team; the objects that it has used are read again before each write.
  const isPlanned = taskRevision !== undefined || isAtRest(task);
  const pin = isPlanned ? undefined : pinOf(task, configuration);
  if (pin === undefined) {
    const { models } = options;
    return { resolve: () => resolveTask(task, { configuration, models }), used: () => configuration.used() };
  }
  const pinned = await revisionNamed(options, pin);
  return {
    resolve: () => resolvePinned(task, pinned, configuration),
    used: () => usedByPinned(task, pinned),
  };
}

interface Beginning {
  judged?: Resolution;
  inheritance?: Inheritance;
  held?: readonly Sandbox[];
}

/** The beginning of a Task, as far as its user may have that. */
async function beginning(options: Context, task: Task, source: ConfigurationSource): Promise<Beginning> {
  const { client, programs } = options;
  const from = await parentOf(client, task);
  if (from?.outcome === 'impossible') return { judged: from };
  const judged = await judge(options, task, source);
  if (from === undefined || judged.outcome !== 'resolved') return { judged };
  const { parent } = from;
  const taken = await inherit(client, task, { parent, revision: makeRevision(judged.content), programs });
  if (taken.outcome === 'impossible') return { judged: taken };
  const { inheritance, held } = taken;
  return { judged, inheritance, held };
}

/** Its references were judged when they were written; it runs with the rights that its user has now. */
async function judge(
  { client }: Context,
  task: Task,
  { used, resolve }: ConfigurationSource,
): Promise<Resolution> {
  const resolution = resolve();
  if (resolution.outcome !== 'resolved') return resolution;
  const message = await forbiddenUse(client, task, used());
  return message === undefined
    ? resolution
    : { outcome: 'waiting', reason: TaskReason.UseForbidden, message };
}

/** The plan without the runs that its user may no longer have. */
async function plannedSteps(
  { client, approvals }: Context,
  given: Observation,
): Promise<{ plan: TaskPlan; isHeld: boolean; names: ReadonlySet<string> }> {
  const { task } = given;
  const wished = planTask(given);
  const names = inTheWay(task, wished.approvals, approvals);
  const observation = names.size === 0 ? given : { ...given, inTheWay: names };
  const plan = names.size === 0 ? wished : planTask(observation);
  // The Sandboxes that start a Task were judged with its whole configuration.
  if (plan.create.length === 0 || !hasRevision(task.status)) return { plan, isHeld: false, names };
  const refusal = await forbiddenUse(client, task, usedBySandboxes(task, plan.create));
  return refusal === undefined
    ? { plan, isHeld: false, names }
    : { plan: planTask({ ...observation, refusal }), isHeld: true, names };
}

interface CarriedOut {
  /** Whether a step would start if its user might have it. */
  isHeld: boolean;
  /** When time alone changes the plan; RFC 3339. */
  wakeAt?: string;
}

async function carryOut(
  options: Context,
  configuration: UsedConfiguration,
  observation: Observation,
): Promise<CarriedOut> {
  const { task } = observation;
  const { plan, isHeld, names } = await plannedSteps(options, observation);
  const carriedOut = { isHeld, ...(plan.wakeAt === undefined ? {} : { wakeAt: plan.wakeAt }) };
  // A Task that only waits is looked at again with each change; a revision or an end is for good.
  const waits = plan.status?.status === 'PENDING' && !hasRevision(plan.status);
  if (!waits) await configuration.requireCurrent(options.client);
  for (const over of plan.mustBeOver) await requireOver(options, task, over);
  const current = await writePlannedStatus(options, observation, plan.status);
  options.troubles.follow(
    objectKey(task.metadata),
    current?.status?.status === 'PENDING' ? current : undefined,
  );
  for (const sandbox of plan.cancel) await cancelSandbox(options, sandbox);
  for (const told of plan.tell) await tellSandbox(options, told);
  for (const other of plan.reschedule) await rescheduleSandbox(options, other);
  if (current !== undefined) await askPeople(options, observation, { plan, names, current });
  if (current === undefined || (plan.create.length === 0 && plan.ensure === undefined)) return carriedOut;
  const rejection = await start(options, { ...observation, task: current }, { plan, before: task });
  if (rejection === undefined) return carriedOut;
  // The node has failed by that, which may end the Task or not: the plan knows.
  return carryOut(options, configuration, { ...observation, task: current, rejection });
}

/**
 * Makes the TaskRevision and the Sandboxes of a plan whose status is written.
 * @returns the first Sandbox that the server does not take
 */
async function start(
  options: Context,
  observation: Observation,
  { plan, before }: { plan: TaskPlan; before: Task },
): Promise<Rejection | undefined> {
  const { task } = observation;
  if (task === before) await requireFresh(options, task);
  if (plan.ensure !== undefined && !(await hasEnsured(options, observation, plan.ensure))) return undefined;
  for (const sandbox of plan.create) {
    const refusal = await createSandbox(options, task, sandbox);
    if (refusal !== undefined) return { node: sandbox.spec.node ?? '', message: refusal.message };
  }
  return undefined;
}

/** By Approvals, and tells of those that it cannot make once for each status. */
async function askPeople(
  { client, recorder }: Context,
  { task, approvals }: Observation,
  { plan, names, current }: { plan: TaskPlan; names: ReadonlySet<string>; current: Task },
): Promise<void> {
  const news = current === task ? [] : [...names];
  for (const name of news) recorder.event(task, inTheWayEvent(name));
  await ensureApprovals(client, plan.approvals, approvals);
}

/** The one that the Task was started with. A Task that has ended needs none. */
async function findRevision(options: Context, task: Task): Promise<TaskRevision | undefined> {
  const name = task.status?.revision;
  return isAtRest(task) || name === undefined ? undefined : revisionNamed(options, refOf(task, name));
}

/** The one that the Task asks for, as long as it was not started. */
async function namedRevision(options: Context, task: Task): Promise<TaskRevision | undefined> {
  const name = askedRevision(task);
  return isStarting(task) && name !== undefined ? revisionNamed(options, refOf(task, name)) : undefined;
}

/** The cache may lack one that was made a moment ago. */
async function revisionNamed(
  { client, revisions }: Context,
  ref: ObjectRef,
): Promise<TaskRevision | undefined> {
  return revisions.get(objectKey(ref)) ?? (await client.find(TASK_REVISIONS, ref));
}

/** False when the server does not take the TaskRevision and the Task was failed for it. */
async function hasEnsured(
  options: Context,
  observation: Observation,
  revision: TaskRevision,
): Promise<boolean> {
  try {
    await ensureRevision(options.client, revision);
    return true;
  } catch (error) {
    if (!isRejection(error)) throw error;
    await writeRefused(options, observation, { reason: 'RevisionRefused', message: error.message });
    return false;
  }
}

/** The Task as written; undefined when the server does not take the status and the Task was failed for it. */
async function writePlannedStatus(
  options: Context,
  observation: Observation,
  status: TaskStatus | undefined,
): Promise<Task | undefined> {
  const { task } = observation;
  if (status === undefined) return task;
  try {
    const written = await writeStatus(options.client, TASKS, { object: task, status });
    announce(options, observation, written);
    return written;
  } catch (error) {
    if (!isRejection(error)) throw error;
    await writeRefused(options, observation, { reason: 'StatusRefused', message: error.message });
    return undefined;
  }
}

function announce(
  { recorder, tasksAtWork, tracer, figures, clock }: Context,
  { task, sandboxes }: Observation,
  written: Task,
): void {
  if (written === task || written.status === undefined) return;
  if (isFinalTaskStatus(written.status.status) && !isFinalTaskStatus(task.status?.status)) {
    figures.ended(written, clock.now());
    recordTask(tracer, written, clock.now());
  }
  for (const event of taskEvents(task.status, written.status, sandboxes)) recorder.event(task, event);
  const workspace = hasRevision(task.status) ? undefined : workspaceAtWork(written);
  if (workspace === undefined) return;
  for (const { about, event } of neighbourEvents(written, tasksAtWork(workspace)))
    recorder.event(about, event);
}

/** A Task whose plan the server refuses (a prompt that grew too long, say) must not be tried for ever. */
async function writeRefused(options: Context, observation: Observation, refused: Refused): Promise<void> {
  const { task } = observation;
  const write = (status: TaskStatus): Promise<Task> =>
    writeStatus(options.client, TASKS, { object: task, status });
  const written = await write(planRefused(observation, refused)).catch((error: unknown) => {
    if (!isRejection(error)) throw error;
    return write(planRefusedSmall(observation, refused));
  });
  announce(options, observation, written);
}

/** A cached Task that is out of date may ask for an attempt that was made and lost long ago. */
async function requireFresh({ client }: Context, task: Task): Promise<void> {
  const live = await client.find(TASKS, refOf(task));
  const isSame =
    live?.metadata.uid === task.metadata.uid &&
    live?.metadata.resourceVersion === task.metadata.resourceVersion;
  if (!isSame) throw conflict(TASKS, task.metadata.name);
}
