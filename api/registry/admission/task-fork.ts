import type { Clock } from '../../machinery/clock.ts';
import { TROUPE_GROUP } from '../../machinery/group-version-kind.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { invalid } from '../../machinery/status-error.ts';
import type { ObjectStore } from '../../storage/contract/objects.ts';
import type { Task } from '../../types/generated/task.ts';
import { isTask } from '../resource.ts';
import { translated } from '../storage-failure.ts';
import { askedFork, forkProblem, revisionProblem, stampedFork } from '../tasks/fork-stamp.ts';
import type { AdmissionRequest, MutatingPlugin, ValidatingPlugin } from './admission.ts';

const TASKS = 'tasks.agent.wecode.io';
const AT = { resource: { group: TROUPE_GROUP, plural: 'tasks' } };

type Store = Pick<ObjectStore, 'get'>;

/**
 * Notes in a new Task with spec.forkFrom from what it goes on: by the uid, so that a Task which gets the name later is not
 * taken for it. A manifest that is applied again takes nothing of that away. It refuses nothing: whether the writer may
 * read that Task is judged first (ReferencesNeedUse), and then TaskForkNamesStep says what is wrong.
 */
export function taskFork({ store, clock }: { store: Store; clock: Clock }): MutatingPlugin {
  return {
    name: 'TaskFork',
    admit(request) {
      const { resource, subresource, operation, object, previous, user } = request;
      if (!isTask(resource) || subresource !== undefined || operation === 'DELETE') return undefined;
      if (operation === 'UPDATE') return Promise.resolve(withNoted(object, previous));
      const spec = fieldsOf(object['spec']);
      const asked = askedFork(spec);
      if (asked === undefined) return undefined;
      return parentOf(store, request.namespace, asked.task).then((parent) => {
        const { team: _, ...forkFrom } = asked;
        const given = { ...spec, forkFrom };
        if (parent === undefined || forkProblem(asked, parent) !== undefined)
          return { ...object, spec: given };
        return { ...object, spec: stampedFork(given, { asked, parent }, { user, now: clock.now() }) };
      });
    },
  };
}

/** Says what is wrong with the Task, or the step, that a new Task is to go on from. */
export function taskForkNamesStep(store: Store): ValidatingPlugin {
  return {
    name: 'TaskForkNamesStep',
    async validate(request: AdmissionRequest) {
      const { operation, resource, subresource, object, namespace, name } = request;
      if (operation !== 'CREATE' || !isTask(resource) || subresource !== undefined) return;
      const spec = fieldsOf(object['spec']);
      const asked = askedFork(spec);
      if (asked === undefined) return;
      const isNoted = fieldsOf(spec['forkFrom'])['uid'] !== undefined;
      const problem = isNoted
        ? revisionProblem(spec)
        : forkProblem(asked, await parentOf(store, namespace, asked.task));
      if (problem !== undefined) throw invalid(resource, name, [problem]);
    },
  };
}

async function parentOf(store: Store, namespace: string, name: string): Promise<Task | undefined> {
  const found = await translated(store.get({ resource: TASKS, namespace, name }), AT);
  // The store keeps Tasks of the form of their schema.
  return found?.object as unknown as Task | undefined;
}

/** The step is a wish of the client where it gave one. */
function withNoted(task: Unstructured, previous: Unstructured): Unstructured {
  const { step, uid, revision, messages } = fieldsOf(fieldsOf(previous['spec'])['forkFrom']);
  const spec = fieldsOf(task['spec']);
  if (uid === undefined || spec['forkFrom'] === undefined) return task;
  const forkFrom = { step, ...fieldsOf(spec['forkFrom']), uid, revision, messages };
  return { ...task, spec: { ...spec, forkFrom } };
}
