import { fieldsOf } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { invalidValue, unsupportedValue } from '../../structural-schema/field-error.ts';
import type { Task } from '../../types/generated/task.ts';
import { isAtRest, isFinalTaskStatus } from '../../types/tasks/task.ts';
import { nextStates } from '../../types/tasks/task-transitions.ts';
import { immutableFields } from './strategy.ts';
import type { Strategy } from './strategy.ts';
import { oversizedItems } from './text-sizes.ts';

/** The TaskRevision was made from these: a change could not have any effect, so it is refused instead of ignored. */
const FIXED = ['prompt', 'teamRef', 'workspaceRef', 'parameters', 'revision'];

export const taskStrategy: Strategy = {
  prepareForStatusUpdate: withTransitions,
  validate(task, previous) {
    const oversized = textProblems(task, previous);
    if (previous === undefined) return oversized;
    const changed = hasStarted(fieldsOf(previous['status']))
      ? immutableFields({
          at: 'spec',
          names: FIXED,
          before: fieldsOf(previous['spec']),
          after: fieldsOf(task['spec']),
          why: 'field is immutable once the Task has started (status.revision is set)',
        })
      : [];
    return [
      ...oversized,
      ...changed,
      ...forkChanges(previous, task),
      ...retryProblems(previous, task),
      ...transitionProblems(previous, task),
    ];
  },
};

/** In bytes. */
const MOST_WORDS = 65_536;

function textProblems(task: Unstructured, previous: Unstructured | undefined): StatusCause[] {
  const texts = { at: 'spec', before: fieldsOf(previous?.['spec']), after: fieldsOf(task['spec']) };
  return [
    ...oversizedItems(texts, 'messages', { text: MOST_WORDS }),
    ...oversizedItems(texts, 'answers', { message: MOST_WORDS }),
  ];
}

function forkChanges(previous: Unstructured, task: Unstructured): StatusCause[] {
  const [before, after] = [fieldsOf(previous['spec']), fieldsOf(task['spec'])];
  return immutableFields({ at: 'spec', names: ['forkFrom'], before, after, why: 'field is immutable' });
}

/**
 * A Task that has ended has all the steps that it will ever have until one runs again: a name that none of them has is a
 * mistake. The steps of one under way are not known as yet, and the controller judges the wish.
 */
function retryProblems(previous: Unstructured, task: Unstructured): StatusCause[] {
  const before = previous as unknown as Task;
  if (!isFinalTaskStatus(before.status?.status)) return [];
  const nodes = (before.status?.subTasks ?? []).map((record, index) => record.node ?? `s${index}`);
  const known = new Set((before.spec.retries ?? []).map(({ id }) => id));
  return ((task as unknown as Task).spec.retries ?? []).flatMap(({ id, node }, index) =>
    node === undefined || known.has(id) || nodes.includes(node)
      ? []
      : [unsupportedValue(`spec.retries[${index}].node`, node, nodes)],
  );
}

/** Tasks that an earlier version started have a snapshot. */
function hasStarted({ revision, snapshot }: JsonObject): boolean {
  return revision !== undefined || snapshot !== undefined;
}

/** Who follows a Task may miss a state that was short. The last ones are kept. */
const MOST_TRANSITIONS = 50;

/** Notes the state where it is a new one, whatever the client says of those before. */
function withTransitions(task: Unstructured, previous: Unstructured): Unstructured {
  const before = fieldsOf(previous['status']);
  const { transitions: _asked, ...status } = fieldsOf(task['status']);
  const known: unknown[] = Array.isArray(before['transitions']) ? before['transitions'] : [];
  const isNew = status['status'] !== undefined && status['status'] !== before['status'];
  const transitions = isNew ? [...known, transitionTo(status, known.at(-1))] : known;
  if (transitions.length === 0) return task;
  return { ...task, status: { ...status, transitions: transitions.slice(-MOST_TRANSITIONS) } };
}

function transitionTo({ status, updatedAt: time }: JsonObject, last: unknown): JsonObject {
  const { sequence = 0 } = fieldsOf(last);
  return { sequence: Number(sequence) + 1, status, ...(time === undefined ? {} : { time }) };
}

/** A Task that has ended may begin once more where its spec asks for it. */
function transitionProblems(previous: Unstructured, task: Unstructured): StatusCause[] {
  const { status: from } = fieldsOf(previous['status']);
  const { status: to } = fieldsOf(task['status']);
  // Both are of the form of their schema.
  const reopened = !isAtRest(previous as unknown as Task);
  const allowed = nextStates(typeof from === 'string' ? from : undefined, reopened);
  if (allowed === undefined || (typeof to === 'string' && allowed.includes(to))) return [];
  const others = allowed.filter((state) => state !== from);
  const why =
    others.length === 0
      ? `a Task that is ${String(from)} stays so`
      : `after ${String(from)} a Task can be ${others.join(', ')}`;
  return [invalidValue('status.status', to ?? '', why)];
}
