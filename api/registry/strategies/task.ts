import { fieldsOf } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import { immutableFields } from './strategy.ts';
import type { Strategy } from './strategy.ts';

/** The TaskRevision was made from these: a change could not have any effect, so it is refused instead of ignored. */
const FIXED = ['prompt', 'teamRef', 'workspaceRef'];

export const taskStrategy: Strategy = {
  validate(task, previous) {
    if (previous === undefined || !hasStarted(fieldsOf(previous['status']))) return [];
    return immutableFields({
      at: 'spec',
      names: FIXED,
      before: fieldsOf(previous['spec']),
      after: fieldsOf(task['spec']),
      why: 'field is immutable once the Task has started (status.revision is set)',
    });
  },
};

/** Tasks that an earlier version started have a snapshot. */
function hasStarted({ revision, snapshot }: JsonObject): boolean {
  return revision !== undefined || snapshot !== undefined;
}
