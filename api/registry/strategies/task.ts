import { fieldsOf } from '../../machinery/json.ts';
import { immutableFields } from './strategy.ts';
import type { Strategy } from './strategy.ts';

/** What the snapshot was taken from: a change could not have any effect, so it is refused instead of ignored. */
const FIXED = ['prompt', 'teamRef', 'workspaceRef'];

export const taskStrategy: Strategy = {
  validate(task, previous) {
    if (previous === undefined || fieldsOf(previous['status'])['snapshot'] === undefined) return [];
    return immutableFields({
      at: 'spec',
      names: FIXED,
      before: fieldsOf(previous['spec']),
      after: fieldsOf(task['spec']),
      why: 'field is immutable once the Task has started (status.snapshot is set)',
    });
  },
};
