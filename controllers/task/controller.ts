import type { KubeObject } from '#api/machinery/meta';
import { objectKey } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import type { Approval } from '#api/types/generated/approval';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task } from '#api/types/generated/task';
import {
  APPROVALS,
  BOTS,
  COLLABORATIONS,
  GHOSTS,
  MCP_SERVERS,
  MODELS,
  SANDBOXES,
  SHELLS,
  SKILLS,
  TASK_REVISIONS,
  TASKS,
  TEAMS,
  WORKSPACES,
} from '#api/types/resources';
import { isAtRest } from '#api/types/tasks/task';
import { spansIn } from '#api/types/trace';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { controllerUIDs } from '../runtime/owned-objects.ts';
import type { Informer } from '../runtime/informer.ts';
import type { Informers } from '../runtime/informers.ts';
import type { Runnable } from '../runtime/manager.ts';
import { keysOnDemand, objects, ownersOf, source } from '../runtime/source.ts';
import type { Source } from '../runtime/source.ts';
import { createTroubles } from '../runtime/troubles.ts';
import type { Configuration } from './configuration/resolve.ts';
import type { CollaborationModels } from './graph/collaboration-models.ts';
import { CreatedSandboxes } from './created-sandboxes.ts';
import { taskReconciler } from './reconciler.ts';
import { hasRevision } from './revision/task-revision.ts';
import { nameOfTask, possibleTaskNames } from './sandbox/own-names.ts';
import { workspaceAtWork } from './status/neighbours.ts';
import { taskFigures } from './status/task-figures.ts';
import type { Programs } from './unfold/unfold.ts';

const UNPLANNED = 'task:unplanned';
const BY_TASK = 'sandbox:task';
const HELD_BY = 'sandbox:held-by';
const APPROVAL_BY_TASK = 'approval:owner';
const AT_WORK = 'task:workspace-at-work';
const BY_OWN_NAME = 'task:own-name';

/** How plans are made, and how they grow. */
export interface TaskPlans {
  models: CollaborationModels;
  programs: Programs;
}

/** Watches Tasks, their Sandboxes, and, for Tasks that wait, everything they may wait for. */
export function taskController(context: ControllerContext, { models, programs }: TaskPlans): Runnable {
  const { client, informers, clock, logger, meter, tracer, recorder } = context;
  const tasks = informers.of(TASKS);
  const sandboxes = informers.of(SANDBOXES);
  tasks.addIndex(UNPLANNED, (task) => (isUnplanned(task) ? ['yes'] : []));
  tasks.addIndex(BY_OWN_NAME, ownName);
  tasks.addIndex(AT_WORK, (task) => [workspaceAtWork(task) ?? []].flat());
  indexOwners(sandboxes);
  const approvals = informers.of(APPROVALS);
  approvals.addIndex(APPROVAL_BY_TASK, (approval) => controllerUIDs(approval, TASKS));
  const events = recorder('task-controller');
  const unseen = keysOnDemand();
  const created = new CreatedSandboxes({ clock, onUnseen: (key) => unseen.add([key]) });
  return createController({
    name: 'task',
    client,
    reconcile: taskReconciler({
      tasks,
      revisions: informers.of(TASK_REVISIONS),
      sandboxesOf: (uid, namespace) => sandboxes.byIndex(BY_TASK, uid).filter(isIn(namespace)),
      heldBy: (uid, namespace) => sandboxes.byIndex(HELD_BY, uid).filter(isIn(namespace)),
      approvals,
      approvalsOf: (uid, namespace) => approvals.byIndex(APPROVAL_BY_TASK, uid).filter(isIn(namespace)),
      created,
      tasksAtWork: (workspace) => tasks.byIndex(AT_WORK, workspace),
      configuration: cachedConfiguration(informers),
      models,
      programs,
      ...{ clock, tracer, figures: taskFigures(meter, tasks), recorder: events },
      troubles: createTroubles({ recorder: events, clock, wished: new Set(['Suspended']) }),
    }),
    sources: [
      objects(tasks),
      shown(sandboxes, created),
      unseen,
      ownersOf(sandboxes, TASKS),
      ownersOf(approvals, TASKS),
      tasksNamedLike(approvals, tasks),
      ...[
        TEAMS,
        COLLABORATIONS,
        BOTS,
        GHOSTS,
        SHELLS,
        MODELS,
        SKILLS,
        MCP_SERVERS,
        WORKSPACES,
        TASK_REVISIONS,
      ].map((type) => unplannedOn(informers, type as ResourceType)),
    ],
    failures: { find: (key) => tasks.get(key), recorder: events },
    workers: 4,
    traceOf: spansIn(tasks, tracer),
    ...{ clock, logger, meter, tracer },
  });
}

/** Whoever knows the uid of a Task may name it as an owner, in any namespace that is theirs; an owner counts in its own one alone. */
const isIn =
  (namespace: string | undefined) =>
  ({ metadata }: KubeObject): boolean =>
    metadata.namespace === namespace;

/** The Task that has made a Sandbox, and those that hold it beside that one: forks. */
function indexOwners(sandboxes: Informer<Sandbox>): void {
  const owners = ({ metadata }: Sandbox, isController: boolean): string[] =>
    (metadata.ownerReferences ?? [])
      .filter(({ controller }) => (controller === true) === isController)
      .map(({ uid }) => uid);
  sandboxes.addIndex(BY_TASK, (sandbox) => owners(sandbox, true));
  sandboxes.addIndex(HELD_BY, (sandbox) => owners(sandbox, false));
}

/** A Sandbox that the cache shows is no longer remembered as made; this source has to come before the Task is looked at. */
function shown(sandboxes: Informer<Sandbox>, created: CreatedSandboxes): Source {
  return source(sandboxes, ({ old, new: now }) => {
    const sandbox = now ?? old;
    if (sandbox !== undefined) created.forget(sandbox);
    return [];
  });
}

/** An Approval that is not of the Task, whomever it names, but has a name that the Task would give, may come and go. */
function tasksNamedLike(approvals: Informer<Approval>, tasks: Informer<Task>): Source {
  return source(approvals, (change) => {
    const { namespace, name } = (change.new ?? change.old).metadata;
    return possibleTaskNames(name)
      .flatMap((own) => tasks.byIndex(BY_OWN_NAME, objectKey({ namespace, name: own })))
      .map(({ metadata }) => objectKey(metadata));
  });
}

function ownName(task: Task): string[] {
  const { namespace } = task.metadata;
  return isAtRest(task) ? [] : [objectKey({ namespace, name: nameOfTask(task) })];
}

function isUnplanned(task: Task): boolean {
  return !hasRevision(task.status) && !isAtRest(task);
}

/**
 * All Tasks without a plan are looked at again when any part of a configuration changes: which parts a Task
 * lacks is known only by following its references, and few Tasks wait at a time.
 */
function unplannedOn(informers: Informers, type: ResourceType): Source {
  const tasks = informers.of(TASKS);
  return source<KubeObject>(informers.of(type), () =>
    tasks.byIndex(UNPLANNED, 'yes').map(({ metadata }) => objectKey(metadata)),
  );
}

function cachedConfiguration(informers: Informers): Configuration {
  const teams = informers.of(TEAMS);
  const collaborations = informers.of(COLLABORATIONS);
  const bots = informers.of(BOTS);
  const ghosts = informers.of(GHOSTS);
  const shells = informers.of(SHELLS);
  const models = informers.of(MODELS);
  const skills = informers.of(SKILLS);
  const mcpServers = informers.of(MCP_SERVERS);
  const workspaces = informers.of(WORKSPACES);
  return {
    collaboration: (ref) => collaborations.get(objectKey(ref)),
    team: (ref) => teams.get(objectKey(ref)),
    bot: (ref) => bots.get(objectKey(ref)),
    ghost: (ref) => ghosts.get(objectKey(ref)),
    shell: (ref) => shells.get(objectKey(ref)),
    model: (ref) => models.get(objectKey(ref)),
    skill: (ref) => skills.get(objectKey(ref)),
    mcpServer: (ref) => mcpServers.get(objectKey(ref)),
    workspace: (ref) => workspaces.get(objectKey(ref)),
  };
}
