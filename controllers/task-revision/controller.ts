import type { KubeObject } from '#api/machinery/meta';
import { TASK_REVISIONS, TASKS, TEAMS } from '#api/types/resources';
import { namedRevision, pinnedRevision } from '#api/types/tasks/task-revision';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import type { Change } from '../runtime/object-cache.ts';
import { objects, source } from '../runtime/source.ts';
import { taskRevisionReconciler } from './reconciler.ts';

const BY_REVISION = 'task:revision';
const BY_PIN = 'team:revision';

/** Watches TaskRevisions, and the Tasks and Teams that name them. */
export function taskRevisionController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger, recorder } = context;
  const revisions = informers.of(TASK_REVISIONS);
  const tasks = informers.of(TASKS);
  tasks.addIndex(BY_REVISION, namedRevision);
  const teams = informers.of(TEAMS);
  teams.addIndex(BY_PIN, pinnedRevision);
  return createController({
    name: 'task-revision',
    reconcile: taskRevisionReconciler({
      revisions,
      isNamed: (key) => tasks.isIndexed(BY_REVISION, key) || teams.isIndexed(BY_PIN, key),
      clock,
    }),
    client,
    failures: { find: (key) => revisions.get(key), recorder: recorder('task-revision-controller') },
    sources: [
      objects(revisions),
      source(tasks, changedNames(namedRevision)),
      source(teams, changedNames(pinnedRevision)),
    ],
    clock,
    logger,
  });
}

/** Only an object that begins or ends to name a revision matters to it: most changes do neither. */
function changedNames<T extends KubeObject>(named: (object: T | undefined) => string[]) {
  return ({ old, new: now }: Change<T>): string[] => {
    const before = named(old);
    const after = named(now);
    return before[0] === after[0] ? [] : [...before, ...after];
  };
}
